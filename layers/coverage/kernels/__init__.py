"""Compiled kernels: the grid of buildings, sight lines, the angular sweep and its rings."""
