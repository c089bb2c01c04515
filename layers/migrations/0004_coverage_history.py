from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0003_sight_freshness")]
    operations: list[object] = []
