from shop.accounts.models.entrance import CodePurpose, EntryCode, SignIn, SignInWay
from shop.accounts.models.person import (
    Address,
    App,
    AppPermission,
    AppToken,
    Consent,
    ConsentPurpose,
    Group,
    GroupPermission,
    User,
    UserManager,
)

__all__ = [
    "Address",
    "App",
    "AppPermission",
    "AppToken",
    "CodePurpose",
    "Consent",
    "ConsentPurpose",
    "EntryCode",
    "Group",
    "GroupPermission",
    "SignIn",
    "SignInWay",
    "User",
    "UserManager",
]
