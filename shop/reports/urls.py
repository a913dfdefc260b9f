from django.urls import path

from shop.reports import views

app_name = "reports"

urlpatterns = [
    path("", views.list_reports, name="index"),
    path("ban-hang/", views.show_sales_report, name="sales"),
]
