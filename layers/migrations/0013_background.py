from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0012_performance")]
    operations: list[object] = []
