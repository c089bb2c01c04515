"""Rules of agencies; versions of road closures."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('layers', '0008_assignments'),
    ]

    operations = [
        migrations.AddField(
            model_name='roadclosure',
            name='version',
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AlterField(
            model_name='roadclosure',
            name='kind',
            field=models.CharField(choices=[('works', 'road works'), ('flood', 'flood'), ('event', 'event'), ('accident', 'accident'), ('incident', 'incident'), ('other', 'other')], default='works', max_length=10, verbose_name='kind'),
        ),
        migrations.CreateModel(
            name='AgencyRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, choices=[('fire', 'fire'), ('police', 'police'), ('ambulance', 'ambulance'), ('rescue', 'rescue')], default='', help_text='Empty: all units of the agency for which no other rule holds.', max_length=10, verbose_name='kind of unit')),
                ('sending', models.CharField(choices=[('first', 'from the start'), ('aid', 'only when others fall short (mutual aid)'), ('never', 'only on its own decision')], default='first', max_length=6, verbose_name='is sent')),
                ('aid_order', models.PositiveSmallIntegerField(default=10, help_text='The lowest is asked first.', verbose_name='order in mutual aid')),
                ('min_crew', models.PositiveSmallIntegerField(default=0, help_text='Units known to have fewer people aboard are not recommended.', verbose_name='least crew')),
                ('against_oneway', models.BooleanField(blank=True, null=True, verbose_name='may drive against a one-way')),
                ('against_oneway_kph', models.FloatField(blank=True, null=True, verbose_name='speed against a one-way (km/h)')),
                ('obeys_turn_restrictions', models.BooleanField(blank=True, null=True, verbose_name='keeps to turn restrictions')),
                ('u_turn_s', models.FloatField(blank=True, null=True, verbose_name='time of a U-turn (s)')),
                ('speed_factor', models.FloatField(blank=True, null=True, verbose_name='speed against the class of road (×)')),
                ('limit_factor', models.FloatField(blank=True, null=True, verbose_name='speed against a posted limit (×)')),
                ('traffic_signals_s', models.FloatField(blank=True, null=True, verbose_name='delay at a traffic signal (s)')),
                ('class_kph', models.JSONField(blank=True, default=dict, help_text='For instance {"residential": 25, "primary": 70}.', verbose_name='speeds by class of road (km/h)')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='layers.agency', verbose_name='agency')),
            ],
            options={
                'verbose_name': "agency's rule",
                'verbose_name_plural': "agencies' rules",
                'db_table': 'layers_agencyrule',
                'ordering': ('agency', 'kind'),
                'constraints': [models.UniqueConstraint(fields=('agency', 'kind'), name='agencyrule_kind_once'), models.CheckConstraint(condition=models.Q(models.Q(('against_oneway_kph__isnull', True), ('against_oneway_kph__gt', 0), _connector='OR'), models.Q(('speed_factor__isnull', True), ('speed_factor__gt', 0), _connector='OR'), models.Q(('limit_factor__isnull', True), ('limit_factor__gt', 0), _connector='OR')), name='agencyrule_speeds_positive'), models.CheckConstraint(condition=models.Q(models.Q(('u_turn_s__isnull', True), ('u_turn_s__gte', 0), _connector='OR'), models.Q(('traffic_signals_s__isnull', True), ('traffic_signals_s__gte', 0), _connector='OR')), name='agencyrule_delays_not_negative')],
            },
        ),
    ]
