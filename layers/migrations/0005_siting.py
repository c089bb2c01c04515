from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0004_coverage_history")]
    operations: list[object] = []
