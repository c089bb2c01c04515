from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0006_plan_review")]
    operations: list[object] = []
