from django.urls import path

from shop.reports import views

app_name = "reports"

urlpatterns = [
    path("", views.index, name="index"),
    path("ban-hang/", views.sales, name="sales"),
]
