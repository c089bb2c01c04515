"""The siting problem of a plan: poles, cameras that are there, who sees what, zone by zone."""
