"""The headings and summary labels of Vietnamese banks' statements, as plain words (`statement_cells`).

`tests/orders/payments/bank_layouts.py` has the layout of each bank with its source.
"""

from __future__ import annotations

from orders.payments.statement_cells import plain_words

# The field of a column whose cells hold a day and, below it, the bank's number.
DATE_AND_REFERENCE = "date_and_reference"

# The headings of each field, the likeliest first.
BANK_HEADINGS = {
    DATE_AND_REFERENCE: [
        *["tnx date so ct", "tnx date doc no", "ngay gd so ct", "ngay giao dich so ct", "ngay so ct"],
        *["ngay giao dich so chung tu", "ngay gd so chung tu"],
    ],
    "date": [
        *["ngay giao dich", "ngay gd", "transaction date", "ngay gio giao dich", "thoi gian giao dich"],
        *["ngay phat sinh", "ngay hach toan", "accounting date", "posting date", "ngay thuc hien"],
        *["ngay hieu luc", "value date", "effective date", "ngay gia tri", "tran date", "value dt"],
        *["ngay", "date", "thoi gian", "time", "ngay gio", "trdt"],
    ],
    "credit": [
        *["so tien ghi co", "ghi co", "phat sinh co", "credit amount", "tien vao", "so tien vao"],
        *["so tien gui vao", "tien gui vao", "gui vao", "phat sinh tang", "ps tang", "ps co", "credit amt"],
        *["credit", "deposit", "co", "cr"],
    ],
    "debit": [
        *["so tien ghi no", "ghi no", "phat sinh no", "debit amount", "tien ra", "so tien ra"],
        *["so tien rut ra", "tien rut ra", "rut ra", "phat sinh giam", "ps giam", "ps no", "debit amt"],
        *["debit", "withdrawal", "no", "dr"],
    ],
    "amount": [
        *["so tien giao dich", "so tien gd", "so tien", "transaction amount", "amount", "gia tri"],
        "acctccyamt",
    ],
    "direction": [
        *["loai giao dich", "loai gd", "transaction type", "dau", "type", "loai", "no co", "d c", "thay doi"],
    ],
    "note": [
        *["noi dung giao dich", "noi dung chuyen khoan", "noi dung", "dien giai", "mo ta giao dich", "mo ta"],
        *["description", "transaction details", "details", "remarks", "remark", "narrative", "content"],
        *["explanation", "ghi chu", "rem"],
    ],
    # BIDV's "mã giao dịch" is the kind of transfer. A separate column has the document number.
    "reference": [
        *["so tham chieu", "ma tham chieu", "so chung tu", "ma giao dich", "ma gd", "so giao dich", "so gd"],
        *["so but toan", "reference number", "reference no", "ref no", "transaction id", "transaction no"],
        *["transaction number", "so ct", "doc no", "seq no", "reference", "ref"],
    ],
    "account": [
        *["so tai khoan", "so tk", "account number", "account no", "tai khoan", "account", "stk", "acct id"],
        *["tai khoan ghi co", "tk ghi co"],
    ],
}
# Headings of the row's number, the balance, the kind of transfer and the counterparty.
OTHER_HEADINGS = [
    *["stt", "so thu tu", "so du", "balance", "trans code", "doi ung", "doi tac", "nguoi gui"],
    *["nguoi chuyen", "nguoi nhan", "nguoi thu huong", "nguoi huong", "counter", "counterparty"],
    *["beneficiary", "sender", "remitter", "payer", "payee", "tai khoan dich", "tk ghi no", "stk ghi no"],
    *["tai khoan ghi no", "chu tai khoan", "ten tai khoan", "account name"],
]

_BALANCE_LABELS = (
    "so du dau",
    "so du cuoi",
    "du dau ky",
    "du cuoi ky",
    "so du mang sang",
    "opening balance",
    "open balance",
    "beginning balance",
    "closing balance",
    "ending balance",
)
_TOTAL_LABELS = {
    "tong",
    "tong cong",
    "tong so",
    "tong tien",
    "tong so tien",
    "tong phat sinh",
    "tong phat sinh trong ky",
    "cong",
    "cong phat sinh",
    "cong phat sinh trong ky",
    "cong doanh so",
    "doanh so",
    "total",
    "totals",
    "total amount",
    "total volume",
    "grand total",
}


def is_summary_label(text: str) -> bool:
    """Return whether a cell is the label of a total or a balance, such as "Số dư đầu kỳ/ Opening balance"."""
    languages = [plain_words(part) for part in text.replace("\n", "/").replace("(", "/").split("/")]
    return languages[0].startswith(_BALANCE_LABELS) or any(part in _TOTAL_LABELS for part in languages)
