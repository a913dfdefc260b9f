"""Seed the phrases that Vietnamese law forbids: they sell food and herbs as if they were medicine.

The Law on Advertising, 16/2012/QH13 as amended by 75/2025/QH15 (in force from 1 January 2026): article 8.9
forbids advertising that misleads about the use of goods, article 19.1 requires that its content misleads
nobody about their use and effects. The decrees on food safety (15/2018/NĐ-CP, articles 26 and 27, followed by
46/2026/NĐ-CP, articles 33 and 34) only say which advertisements are registered and which warning they carry,
so the reason does not cite them. Source: Vietnam's codified law (Pháp điển), 41.9.LQ.8 and 41.9.LQ.19.
"""

from django.db import migrations

REASON = (
    "không được giới thiệu thực phẩm, thảo mộc như thuốc chữa bệnh "
    "(Luật Quảng cáo: khoản 9 Điều 8, khoản 1 Điều 19)."
)
PHRASES = (
    "chữa bệnh",
    "chữa khỏi",
    "chữa ung thư",
    "chữa dứt điểm",
    "chữa mất ngủ",
    "trị bệnh",
    "trị dứt điểm",
    "trị mất ngủ",
    "đặc trị",
    "điều trị",
    "khỏi bệnh",
    "khỏi hẳn",
    "ung thư",
    "tiểu đường",
    "hạ huyết áp",
    "hạ đường huyết",
    "thần dược",
    "thay thế thuốc",
    "thay thuốc chữa bệnh",
    "tăng cường sinh lý",
    "giảm cân nhanh",
    "cures",
    "cures cancer",
    "cancer",
    "diabetes",
)


def add_phrases(apps, schema_editor):
    forbidden_phrases = apps.get_model("catalog", "ForbiddenPhrase").objects
    for phrase in PHRASES:
        forbidden_phrases.get_or_create(phrase=phrase, defaults={"reason": REASON})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0014_search_tables")]
    operations = [migrations.RunPython(add_phrases, migrations.RunPython.noop)]
