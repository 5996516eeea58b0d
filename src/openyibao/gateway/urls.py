"""Paths of the gateway; what is not here is answered with a small JSON."""

from __future__ import annotations

from django.urls import path, re_path

from openyibao.gateway import views

urlpatterns = [
    path("healthz", views.healthz),
    re_path(r"^fsi/", views.interface),
    re_path(r"", views.not_found),
]
