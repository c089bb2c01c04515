from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0003_planning")]
    operations: list[object] = []
