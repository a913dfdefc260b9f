"""Cite the articles that forbid selling food and herbs as if they were medicine.

The Law on Advertising, 16/2012/QH13 as amended by 75/2025/QH15 (in force from 1 January 2026): article 8.9
forbids advertising that misleads about the use of goods, article 19.1 requires that its content misleads
nobody about their use and effects. The decrees on food safety (15/2018/NĐ-CP, articles 26 and 27, followed by
46/2026/NĐ-CP, articles 33 and 34) only say which advertisements are registered and which warning they carry,
so they are no reason for a word. Source: Vietnam's codified law (Pháp điển), 41.9.LQ.8 and 41.9.LQ.19.
"""

from django.db import migrations

FORMER = (
    "không được bán thực phẩm, thảo mộc với công dụng như thuốc chữa bệnh "
    "(Luật Quảng cáo, Nghị định 15/2018/NĐ-CP)."
)
CITED = (
    "không được giới thiệu thực phẩm, thảo mộc như thuốc chữa bệnh "
    "(Luật Quảng cáo: khoản 9 Điều 8, khoản 1 Điều 19)."
)


def _replace_reason(apps, former, cited):
    apps.get_model("catalog", "ForbiddenPhrase").objects.filter(reason=former).update(reason=cited)


def cite_articles(apps, schema_editor):
    _replace_reason(apps, FORMER, CITED)


def cite_former_texts(apps, schema_editor):
    _replace_reason(apps, CITED, FORMER)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0015_seed_forbidden_phrases")]
    operations = [migrations.RunPython(cite_articles, cite_former_texts)]
