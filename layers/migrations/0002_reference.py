"""Reference rows every installation starts with: unit statuses, both pixel density tables, weights."""

from django.db import migrations

# code, Indonesian, English, class, needs a reason
STATUSES = [
    ("available", "Siaga di pos", "Available", "available", False),
    ("patrol", "Patroli", "Patrol", "available", False),
    ("returning", "Kembali ke pos", "Returning", "available", False),
    ("reserved", "Dicadangkan", "Reserved", "delayed", False),
    ("dispatched", "Diberangkatkan", "Dispatched", "committed", False),
    ("acknowledged", "Perintah diterima", "Acknowledged", "committed", False),
    ("en_route", "Menuju lokasi", "En route", "committed", False),
    ("staged", "Bersiap di dekat lokasi", "Staged", "committed", False),
    ("on_scene", "Di lokasi", "On scene", "committed", False),
    ("transporting", "Mengantar", "Transporting", "committed", False),
    ("at_facility", "Di fasilitas", "At facility", "committed", False),
    ("out_of_service", "Tidak dinas", "Out of service", "unavailable", True),
    ("unknown", "Tidak diketahui", "Unknown", "unknown", False),
]
# IEC 62676-4:2014 (DORI) and IEC 62676-4:2025 (OODPCVS), pixels per metre
OPTICS = {
    "IEC 62676-4:2014": [("monitor", 12.5), ("detect", 25), ("observe", 62.5), ("recognise", 125), ("identify", 250)],
    "IEC 62676-4:2025": [
        ("overview", 20), ("outline", 40), ("discern", 80), ("perceive", 125), ("characterise", 250),
        ("validate", 500), ("scrutinise", 1500),
    ],
}


def load(apps, schema_editor):
    status = apps.get_model("layers", "UnitStatus")
    for order, (code, name, name_en, status_class, needs_reason) in enumerate(STATUSES):
        status.objects.get_or_create(
            code=code,
            defaults={
                "name": name, "name_en": name_en, "status_class": status_class, "order": order,
                "needs_reason": needs_reason,
            },
        )
    optics = apps.get_model("layers", "OpticsStandard")
    for edition, levels in OPTICS.items():
        for rank, (level, density) in enumerate(levels):
            optics.objects.get_or_create(edition=edition, level=level, defaults={"px_per_m": density, "rank": rank})
    profile = apps.get_model("layers", "DemandProfile")
    profile.objects.get_or_create(
        name="Bawaan",
        defaults={
            "street_weight": 1.0, "incident_weight": 1.0, "population_weight": 0.5, "place_weight": 0.5,
            "kernel_m": 100.0, "half_life_days": 365.0, "piece_m": 10.0, "is_default": True,
        },
    )


class Migration(migrations.Migration):
    dependencies = [("layers", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
