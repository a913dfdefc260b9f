from shop.accounts.models.data_request import DataExport, DataRequest, RequestKind
from shop.accounts.models.factors import AuthenticatorApp, Passkey, RecoveryCode
from shop.accounts.models.sign_in import CodePurpose, OneTimeCode, SignIn, SignInMethod
from shop.accounts.models.token_family import TokenFamily
from shop.accounts.models.user import (
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
    "AuthenticatorApp",
    "CodePurpose",
    "Consent",
    "ConsentPurpose",
    "DataExport",
    "DataRequest",
    "Group",
    "GroupPermission",
    "OneTimeCode",
    "Passkey",
    "RecoveryCode",
    "RequestKind",
    "SignIn",
    "SignInMethod",
    "TokenFamily",
    "User",
    "UserManager",
]
