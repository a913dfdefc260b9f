"""Seed the phrases that Vietnamese law forbids in selling food and herbs as if they were medicine."""

from django.db import migrations

MEDICINE = (
    "không được bán thực phẩm, thảo mộc với công dụng như thuốc chữa bệnh "
    "(Luật Quảng cáo, Nghị định 15/2018/NĐ-CP)."
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
        forbidden_phrases.get_or_create(phrase=phrase, defaults={"reason": MEDICINE})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0014_forbidden_phrases")]
    operations = [migrations.RunPython(add_phrases, migrations.RunPython.noop)]
