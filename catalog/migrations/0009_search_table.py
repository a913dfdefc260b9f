"""On PostgreSQL a narrow table of its own for the words of goods, as SQLite has with FTS5.

An index over an expression is not enough: where the planner walks along the goods instead, or checks what the
index found, it takes every text apart again, which lasts for seconds. Pending lists are off, so that a search
after many changes is as quick as before.
"""

from django.db import migrations

POSTGRESQL = [
    "DROP INDEX catalog_search_name",
    "DROP INDEX catalog_search_text",
    "CREATE TABLE catalog_search (id bigint PRIMARY KEY, name tsvector NOT NULL, text tsvector NOT NULL)",
    """
    CREATE FUNCTION catalog_search_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM catalog_search;
        ELSIF TG_OP = 'DELETE' THEN
            DELETE FROM catalog_search WHERE id = old.id;
        ELSE
            INSERT INTO catalog_search (id, name, text) VALUES (
                new.id,
                array_to_tsvector(array_remove(string_to_array(new.search_name, ' '), '')),
                array_to_tsvector(array_remove(string_to_array(new.search_text, ' '), ''))
            ) ON CONFLICT (id) DO UPDATE SET name = excluded.name, text = excluded.text;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER catalog_search_added AFTER INSERT OR DELETE ON catalog_product
    FOR EACH ROW EXECUTE FUNCTION catalog_search_kept()
    """,
    """
    CREATE TRIGGER catalog_search_changed AFTER UPDATE ON catalog_product FOR EACH ROW
    WHEN (old.search_name <> new.search_name OR old.search_text <> new.search_text)
    EXECUTE FUNCTION catalog_search_kept()
    """,
    """
    CREATE TRIGGER catalog_search_emptied AFTER TRUNCATE ON catalog_product
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_kept()
    """,
    """
    INSERT INTO catalog_search (id, name, text)
    SELECT id, array_to_tsvector(array_remove(string_to_array(search_name, ' '), '')),
        array_to_tsvector(array_remove(string_to_array(search_text, ' '), ''))
    FROM catalog_product
    """,
    "CREATE INDEX catalog_search_name ON catalog_search USING gin (name) WITH (fastupdate = off)",
    "CREATE INDEX catalog_search_text ON catalog_search USING gin (text) WITH (fastupdate = off)",
]
POSTGRESQL_BACK = [
    "DROP TRIGGER catalog_search_emptied ON catalog_product",
    "DROP TRIGGER catalog_search_changed ON catalog_product",
    "DROP TRIGGER catalog_search_added ON catalog_product",
    "DROP FUNCTION catalog_search_kept()",
    "DROP TABLE catalog_search",
    """
    CREATE INDEX catalog_search_text ON catalog_product USING gin (to_tsvector('simple', search_text))
    """,
    """
    CREATE INDEX catalog_search_name ON catalog_product
    USING gin (array_to_tsvector(array_remove(string_to_array(search_name, ' '), '')))
    """,
]


def forwards(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else ():
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in POSTGRESQL_BACK if schema_editor.connection.vendor == "postgresql" else ():
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_touched_certificates")]
    operations = [migrations.RunPython(forwards, backwards)]
