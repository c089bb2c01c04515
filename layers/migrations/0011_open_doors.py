import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('layers', '0010_positions'),
    ]

    operations = [
        migrations.CreateModel(
            name='HazardFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=500, unique=True, verbose_name='address')),
                ('polled_at', models.DateTimeField(blank=True, null=True, verbose_name='last asked')),
                ('ok_at', models.DateTimeField(blank=True, null=True, verbose_name='last answered')),
                ('error', models.CharField(blank=True, default='', max_length=300, verbose_name='error')),
            ],
            options={
                'verbose_name': 'hazard feed',
                'verbose_name_plural': 'hazard feeds',
                'db_table': 'layers_hazardfeed',
            },
        ),
        migrations.CreateModel(
            name='Hazard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender', models.CharField(max_length=160, verbose_name='issued by')),
                ('identifier', models.CharField(max_length=200, verbose_name='identifier')),
                ('kind', models.CharField(choices=[('earthquake', 'earthquake'), ('weather', 'weather'), ('other', 'other hazard')], max_length=12, verbose_name='kind')),
                ('message', models.CharField(choices=[('alert', 'warning'), ('update', 'updated warning'), ('cancel', 'cancellation')], max_length=8, verbose_name='message')),
                ('status', models.CharField(default='actual', max_length=12, verbose_name='status')),
                ('references', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None, verbose_name='messages it replaces')),
                ('event', models.CharField(max_length=200, verbose_name='event')),
                ('event_en', models.CharField(blank=True, default='', max_length=200, verbose_name='event in English')),
                ('headline', models.CharField(blank=True, default='', max_length=300, verbose_name='headline')),
                ('headline_en', models.CharField(blank=True, default='', max_length=300, verbose_name='headline in English')),
                ('description', models.TextField(blank=True, default='', verbose_name='description')),
                ('description_en', models.TextField(blank=True, default='', verbose_name='description in English')),
                ('severity', models.CharField(choices=[('extreme', 'extreme'), ('severe', 'severe'), ('moderate', 'moderate'), ('minor', 'minor'), ('unknown', 'not known')], default='unknown', max_length=10, verbose_name='severity')),
                ('urgency', models.CharField(blank=True, default='', max_length=12, verbose_name='urgency')),
                ('certainty', models.CharField(blank=True, default='', max_length=12, verbose_name='certainty')),
                ('place_text', models.CharField(blank=True, default='', max_length=500, verbose_name='where')),
                ('magnitude', models.FloatField(blank=True, null=True, verbose_name='magnitude')),
                ('depth_km', models.FloatField(blank=True, null=True, verbose_name='depth (km)')),
                ('sent_at', models.DateTimeField(verbose_name='issued')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('expires_at', models.DateTimeField(verbose_name='until')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('ended_by', models.CharField(blank=True, default='', max_length=200, verbose_name='ended by')),
                ('touches_city', models.BooleanField(default=False, verbose_name='touches the city')),
                ('notes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None, verbose_name='remarks on reading')),
                ('received_at', models.DateTimeField(auto_now_add=True, verbose_name='received')),
                ('geom', django.contrib.gis.db.models.fields.MultiPolygonField(blank=True, null=True, srid=4326, verbose_name='area')),
            ],
            options={
                'verbose_name': 'hazard',
                'verbose_name_plural': 'hazards',
                'db_table': 'layers_hazard',
                'ordering': ('-sent_at',),
                'indexes': [models.Index(fields=['ended_at', 'expires_at'], name='hazard_open')],
                'constraints': [models.UniqueConstraint(fields=('sender', 'identifier'), name='hazard_message_once'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('sent_at')), models.Q(('ended_at', None), _negated=True), _connector='OR'), name='hazard_open_expires_after_sent')],
            },
        ),
    ]
