from shop.accounts.models.entrance import CodePurpose, EntryCode, SignIn, SignInWay
from shop.accounts.models.factors import AuthenticatorApp, Passkey, RecoveryCode
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
from shop.accounts.models.request import DataExport, DataRequest, RequestKind
from shop.accounts.models.token_family import TokenFamily

__all__ = [
    "Address",
    "App",
    "AppPermission",
    "AppToken",
    "AuthenticatorApp",
    "CodePurpose",
    "Consent",
    "ConsentPurpose",
    "DataExport",
    "DataRequest",
    "EntryCode",
    "Group",
    "GroupPermission",
    "Passkey",
    "RecoveryCode",
    "RequestKind",
    "SignIn",
    "SignInWay",
    "TokenFamily",
    "User",
    "UserManager",
]
