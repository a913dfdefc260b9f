from django.urls import path

from shop.reports import views
from shop.reports.declared import desk_views

app_name = "reports"

urlpatterns = [
    path("", desk_views.list_reports, name="index"),
    path("ban-hang/", views.show_sales_report, name="sales"),
    path("<slug:slug>/", desk_views.show_report, name="report"),
]
