"""Statements in the layouts of Vietnamese banks, with invented transfers.

Headings and the way of writing days, amounts and numbers come from public sources, named beside each layout.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from orders.payments.bank_statement_rows import BankColumnMapping
from shop.core.dates.calendar import VIETNAM

ACCOUNT = "0071000123456"
_PAID = "MBVCB.4554223041.Tra don TA7K2MC.CT tu 0351000111222 LE THI MINH"

Cells = tuple[object, ...]
# Day or instant in Vietnam, amount, reference, note.
ExpectedTransfer = tuple[datetime.datetime, int, str, str]


def vietnam_time(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=VIETNAM)


@dataclass(frozen=True)
class BankLayout:
    """A statement's rows, and the expected result of reading them."""

    name: str
    rows: list[Cells]
    mapping: BankColumnMapping
    transfers: list[ExpectedTransfer]
    outgoing_count: int = 1


BANK_LAYOUTS = [
    # The workbook "Vietcombank_Account_Statement": amounts are texts, the day and the number share a cell.
    # github.com/haiyen2002/bank_statement (app/tcb), and parsers that name its sheet and headings.
    BankLayout(
        "Vietcombank, account statement",
        [
            ("", "SAO KÊ TÀI KHOẢN\nSTATEMENT OF ACCOUNT"),
            ("", "Số tài khoản/ Account number:", "", ACCOUNT, "CIF: 6109734"),
            ("", "Từ/ From:", "01/10/2023", "", "Đến/ To:", "30/11/2023"),
            ("", "Số dư đầu kỳ/ Opening balance:", "17,099,881 VND"),
            (
                *("", "STT\nNo.", "Ngày1/\nTNX Date/ Số CT/ Doc No", "Ngày hiệu lực2/\nEffective date"),
                *("Số tiền ghi nợ/\nDebit", "Số tiền ghi có/\nCredit", "Số dư/\nBalance"),
                "Nội dung chi tiết/\nTransactions in detail",
            ),
            ("", "1", "31/10/2023\n5243.65937", "31/10/2023", "99,000", "", "52,547", "CT CP 9PAY"),
            ("", "2", "31/10/2023\n9920.28", "31/10/2023", "", "338,000", "390,547", _PAID),
            ("", "3", "01/11/2023\n5285 - 82284", "01/11/2023", "", "75,000", "465,547", "Mua rau\nTB9X4LQ"),
            ("", "Tổng số/ Total", "", "", "99,000", "413,000"),
            ("", "Postal address: 198 TRAN QUANG KHAI", "", "Swift: BFTV VNVX", "", "", "", "Page 1 of 1"),
        ],
        BankColumnMapping(5, date=2, reference=2, debit=4, credit=5, note=7),
        [
            (vietnam_time(2023, 10, 31), 338_000, "31/10/2023 9920.28", _PAID),
            (vietnam_time(2023, 11, 1), 75_000, "01/11/2023 5285 - 82284", "Mua rau TB9X4LQ"),
        ],
    ),
    # The printed form of the same bank without the effective date; amounts with points (as above).
    BankLayout(
        "Vietcombank, printed statement",
        [
            (
                *("STT\nNo", "Ngày GD/\nTNX Date\nSố CT/ Doc No", "Số tiền ghi nợ/\nDebit"),
                *("Số tiền ghi có/\nCredit", "Số dư/\nBalance", "Nội dung chi tiết/\nTransactions in detail"),
            ),
            (1, "03/08/2026 / 5254 - 05356", "", "5.270.776", "6.000.000", "Don TA7K2MC"),
            (2, "04/08/2026 / 9914 - 00012", "11.000", "", "5.989.000", "THU PHI"),
            ("Cộng doanh số/Total Volume", "", "11.000", "5.270.776"),
            ("Số dư cuối kỳ/\nEnding balance", "", "", "5.989.000"),
        ],
        BankColumnMapping(1, date=1, reference=1, debit=2, credit=3, note=5),
        [(vietnam_time(2026, 8, 3), 5_270_776, "03/08/2026 / 5254 - 05356", "Don TA7K2MC")],
    ),
    # github.com/gerasiov/ofxstatement-vn-vietcombank: one amount with the direction in "Thay đổi".
    BankLayout(
        "Vietcombank, internet banking",
        [
            ("SAO KÊ TÀI KHOẢN",),
            ("Số dư đầu kỳ", 3_700_511),
            ("Ngày giao dịch", "Số tham chiếu", "Thay đổi", "Số tiền", "Mô tả"),
            ("25/10/2019", "DD4400 - 046045", "+", 332_000, "Don TA7K2MC"),
            ("25/10/2019", "9713 - 0045853", "-", 24_173, "POS"),
            ("Số dư cuối kỳ", 4_008_338),
        ],
        BankColumnMapping(3, date=0, reference=1, direction=2, amount=3, note=4),
        [(vietnam_time(2019, 10, 25), 332_000, "DD4400 - 046045", "Don TA7K2MC")],
    ),
    # VietinBank eFAST: Vietnamese headings above English ones, totals below. Headings from public parsers of
    # "LỊCH SỬ GIAO DỊCH - TRANSACTION HISTORY".
    BankLayout(
        "VietinBank",
        [
            ("NGÂN HÀNG TMCP CÔNG THƯƠNG VIỆT NAM",),
            ("Số tài khoản/ Account No:", ACCOUNT),
            (
                *("STT", "Ngày hạch toán", "Mô tả giao dịch", "Nợ", "Có", "Số dư TK", "Tên đối ứng"),
                *("Ngân hàng đối ứng", "Số giao dịch"),
            ),
            (
                *("No", "Accounting date", "Transaction description", "Debit", "Credit", "Account balance"),
                *("Offset name", "Offset bank", "Transaction number"),
            ),
            ("Số dư đầu kỳ/ Beginning balance", "", "", "", "", 1_000_000),
            (
                1,
                "25/11/2026 10:02:37",
                "Don TA7K2MC",
                "",
                1_234_567,
                2_234_567,
                "LE MINH",
                "MB",
                "915A26B0123",
            ),
            (2, "25/11/2026 11:00:00", "Phi SMS", 11_000, "", 2_223_567, "", "", "915A26B0124"),
            ("Doanh số/ Total", "", "", 11_000, 1_234_567),
            ("Số dư cuối kỳ/ Ending balance", "", "", "", "", 2_223_567),
        ],
        BankColumnMapping(3, date=1, note=2, debit=3, credit=4, reference=8),
        [(vietnam_time(2026, 11, 25, 10, 2, 37), 1_234_567, "915A26B0123", "Don TA7K2MC")],
    ),
    # github.com/haiyen2002/bank_statement (app/bidv): "mã giao dịch" is the kind (DD, DW), not a number.
    BankLayout(
        "BIDV",
        [
            ("SAO KÊ TÀI KHOẢN TIỀN GỬI KHÁCH HÀNG/ACCOUNT STATEMENT",),
            ("Số tài khoản/ Account No:", ACCOUNT),
            ("(Số tài khoản cũ/ Old Account No:", "13610000095634)"),
            (
                *("STT\n(No)", "Ngày giao dịch\n(Trans.Date)", "Ngày hiệu lực\n(EFD.Date)"),
                *("Mã giao dịch\n(Trans.Code)", "Phát sinh nợ\n(Debit amount)"),
                *("Phát sinh có\n(Credit amount)", "Số dư\n(Balance)", "Số chứng từ\nSEQ No."),
                *("Mã GDV\nTeller ID", "Mã CN\nBranch", "Diễn giải\n(Txn. Description)"),
            ),
            ("Số dư đầu kỳ/\n(Opening balance)", "", "", "", "", "", "1,368,053.00"),
            (
                *(1, "01/05/2024\n  12:26:31", "01/05/2024", "DW", "120,000.00", "0.00", "1,248,053.00"),
                *(150, "A42_CTL\nNH14", 990000, "MB-TKThe :0364713664, tai Vietinbank. Chuyen tien"),
            ),
            (
                *(2, "03/05/2024 19:02:16", "03/05/2024", "DD", "0.00", "400,000.00", "1,648,053.00"),
                *(151, "A42_CTL\nNH94", 990000, "TKThe :0071000689735, tai VCB. Don TA7K2MC"),
            ),
            (
                *(3, "09/05/2024 20:47:09", "09/05/2024", "DD", "0.00", "400,000.00", "2,048,053.00"),
                *(152, "A42_CTL\nNH33", 136000, "Don TB9X4LQ\n - \nCTLNHIDO0000"),
            ),
            ("Cộng phát sinh\n(Total Amount)", "", "", "", "120,000.00", "800,000.00"),
            ("Số dư cuối kỳ\n(Closing balance)", "", "", "", "", "", "2,048,053.00"),
            ("", "", "", "Người tạo:", "", "", "157736"),
        ],
        BankColumnMapping(4, date=1, debit=4, credit=5, reference=7, note=10),
        [
            (
                *(vietnam_time(2024, 5, 3, 19, 2, 16), 400_000, "151"),
                "TKThe :0071000689735, tai VCB. Don TA7K2MC",
            ),
            (vietnam_time(2024, 5, 9, 20, 47, 9), 400_000, "152", "Don TB9X4LQ - CTLNHIDO0000"),
        ],
    ),
    # github.com/haiyen2002/bank_statement (app/agribank): "SỔ PHỤ / STATEMENT".
    BankLayout(
        "Agribank",
        [
            ("SỔ PHỤ / STATEMENT",),
            ("Số tài khoản / A/C No :", ACCOUNT),
            ("Số bút toán/Doanh số nợ / Less debit", "1", "11,000"),
            ("Ngày\nDate", "Ghi chú\nRemark", "Nợ\nDr", "Có\nCr", "Số dư\nBalance", "Số tham chiếu\nRef. no"),
            ("25/11/2026", "Don TA7K2MC", "", "1,234,567", "2,234,567", "1606OTT-8P5B0"),
            ("25/11/2026", "Phi SMS", "11,000", "", "2,223,567", "1606FEE-8P5B1"),
        ],
        BankColumnMapping(4, date=0, note=1, debit=2, credit=3, reference=5),
        [(vietnam_time(2026, 11, 25), 1_234_567, "1606OTT-8P5B0", "Don TA7K2MC")],
    ),
    # Agribank's e-banking: no number; columns from a public parser of nine banks' statements.
    BankLayout(
        "Agribank, e-banking",
        [
            ("AGRIBANK",),
            ("Số tài khoản", ACCOUNT),
            (
                *("STT", "Ngày giao dịch", "Số tiền ghi nợ", "Số tiền ghi có", "Người phát lệnh"),
                *("Số tài khoản đối ứng", "Ngân hàng đối ứng", "Nội dung giao dịch"),
            ),
            (1, "25/11/2026", 0, 1_234_567, "LE MINH", "0351000111222", "VCB", "Don TA7K2MC"),
            (2, "26/11/2026", 11_000, 0, "", "", "", "Phi SMS"),
            ("", "Lập biểu", "", "Kế toán trưởng", "", "Giám đốc"),
        ],
        BankColumnMapping(3, date=1, debit=2, credit=3, note=7),
        [(vietnam_time(2026, 11, 25), 1_234_567, "", "Don TA7K2MC")],
    ),
    # Techcombank Business: headings from public parsers ("ngày kh thực hiện", "remitter's bank").
    BankLayout(
        "Techcombank",
        [
            ("NGÂN HÀNG TMCP KỸ THƯƠNG VIỆT NAM",),
            ("Số tài khoản/Account No:", ACCOUNT),
            ("Tổng tiền ghi nợ/Total debits", "11,000", "Tổng tiền ghi có/ Total credits", "1,234,567"),
            (
                *("Số thứ tự/No.", "Ngày KH thực hiện/Requesting date", "Ngày giao dịch/Transaction date"),
                *("Số bút toán/Reference number", "Ngân hàng đối tác/Remitter's bank"),
                *("Tài khoản đích/Remitter's account number",),
                *("Tên tài khoản đối ứng/Remitter's account name", "Diễn giải/Description", "Nợ/Debit"),
                *("Có/Credit", "Phí/Lãi Fee/Interest", "Thuế/Transaction VAT", "Số dư/Running balance"),
            ),
            (
                *(
                    "1",
                    "25/11/2026 10:02:37",
                    "25/11/2026",
                    "FT26329123456789",
                    "VIETCOMBANK",
                    "0351000111222",
                ),
                *("LE THI MINH", "Don TA7K2MC", "", "1,234,567", "", "", "2,234,567"),
            ),
            (
                *("2", "25/11/2026 11:00:00", "25/11/2026", "FT26329987654321", "", "", "", "Chuyen tien"),
                *("11,000", "", "", "", "2,223,567"),
            ),
            ("Số dư cuối ngày/Closing balance", "", "", "", "", "", "", "", "", "", "", "", "2,223,567"),
        ],
        BankColumnMapping(4, date=2, reference=3, note=7, debit=8, credit=9),
        [(vietnam_time(2026, 11, 25), 1_234_567, "FT26329123456789", "Don TA7K2MC")],
    ),
    # github.com/haiyen2002/bank_statement (app/tech): "SỔ PHỤ KIÊM PHIẾU BÁO NỢ/CÓ".
    BankLayout(
        "Techcombank, printed statement",
        [
            (
                *("Ngày giao dịch\nTransaction Date", "Đối tác\nRemitter", "NH Đối tác\nRemitter bank"),
                *("Diễn giải\nDetails", "Số bút toán\nTransaction No", "Nợ\nDebit", "Có\nCredit"),
                *("Phí/Lãi\nFee/Interest", "Thuế VAT\nTax", "Số dư\nBalance"),
            ),
            ("Số dư đầu kỳ/Open balance", "", "", "", "", "", "2,308,471"),
            (
                "29/11/2025",
                "LE MINH",
                "MB",
                "Don TA7K2MC",
                "FT25333054369120",
                "",
                "52,000.00",
                "",
                "",
                "2,360,471",
            ),
            ("29/11/2025", "PVOIL", "PVCB", "Xang", "FT25333054369121", "52,000.00", "", "", "", "2,308,471"),
            ("Cộng doanh số/Total Volume", "", "", "", "", "52,000", "52,000", "307", "22", ""),
            ("Số dư cuối kỳ/Ending balance", "", "", "", "", "", "2,308,471"),
        ],
        BankColumnMapping(1, date=0, note=3, reference=4, debit=5, credit=6),
        [(vietnam_time(2025, 11, 29), 52_000, "FT25333054369120", "Don TA7K2MC")],
    ),
    # MB: Vietnamese headings above English ones, "Tổng phát sinh" below; columns from two public parsers.
    BankLayout(
        "MB",
        [
            ("NGÂN HÀNG TMCP QUÂN ĐỘI",),
            ("SAO KÊ CHI TIẾT TÀI KHOẢN/ ACCOUNT STATEMENT",),
            (f"Tài khoản/Account No: {ACCOUNT}",),
            (
                *("Ngày hạch toán", "Số bút toán", "", "Phát sinh nợ", "Phát sinh có", "Nội dung", "", ""),
                *("Đơn vị thụ hưởng/Đơn vị chuyển", "", "", "Tài khoản đối ứng", "Ngân hàng đối ứng"),
            ),
            ("Posting date", "Transaction No", "", "Debit", "Credit", "Description"),
            (
                *("25/11/2026", "FT26329000111222", "", "", "1,234,567.00", "Don TA7K2MC", "", "", "LE MINH"),
                *("", "", "0351000111222", "VCB"),
            ),
            ("25/11/2026", "FT26329000111223", "", "11,000.00", "", "Phi"),
            ("Tổng phát sinh", "", "", "11,000.00", "1,234,567.00"),
            ("Số dư cuối kỳ/Closing balance", "", "", "", "2,223,567.00"),
        ],
        BankColumnMapping(4, date=0, reference=1, debit=3, credit=4, note=5),
        [(vietnam_time(2026, 11, 25), 1_234_567, "FT26329000111222", "Don TA7K2MC")],
    ),
    # ACB: sheet "Statement", "BẢNG SAO KÊ GIAO DỊCH"; headings from two public parsers.
    BankLayout(
        "ACB",
        [
            ("BẢNG SAO KÊ GIAO DỊCH",),
            ("Số tài khoản:", ACCOUNT),
            ("Số dư đầu", "Tổng gửi vào", "Tổng rút ra", "Số dư cuối"),
            (1_000_000, 1_234_567, 11_000, 2_223_567),
            (
                *("Ngày hiệu lực", "Ngày giao dịch", "Số GD", "Nội dung giao dịch", "Số tiền rút ra"),
                *("Số tiền gửi vào", "Số dư", "Tên đối ứng", "Tài khoản đối ứng"),
            ),
            (
                "25/11/2026",
                "25/11/2026",
                1234,
                "Don TA7K2MC",
                "",
                1_234_567,
                2_234_567,
                "LE MINH",
                "0351000111",
            ),
            ("25/11/2026", "25/11/2026", 1235, "Phi SMS", 11_000, "", 2_223_567),
        ],
        BankColumnMapping(5, date=1, reference=2, note=3, debit=4, credit=5),
        [(vietnam_time(2026, 11, 25), 1_234_567, "1234", "Don TA7K2MC")],
    ),
    # github.com/haiyen2002/bank_statement (app/acb): "BANG KE GD" without diacritics, debits with a minus.
    BankLayout(
        "ACB, printed statement",
        [
            ("Account Number :", ACCOUNT),
            ("Ngay", "Dien giai", "Ghi no", "Ghi co", "So du"),
            ("25/11/2026", "Don TA7K2MC", "", "1,234,567", "2,234,567"),
            ("25/11/2026", "Phi", "-11,000", "", "2,223,567"),
            ("", "GIAO DICH VIEN"),
        ],
        BankColumnMapping(2, date=0, note=1, debit=2, credit=3),
        [(vietnam_time(2026, 11, 25), 1_234_567, "", "Don TA7K2MC")],
    ),
    # VPBank: headings from a public importer of its workbook; days are Excel's.
    BankLayout(
        "VPBank",
        [
            ("Số tài khoản", ACCOUNT),
            ("Ngày giao dịch", "Ngày hiệu lực", "Số tham chiếu", "Diễn giải", "Ghi nợ", "Ghi có", "Số dư"),
            (
                datetime.datetime(2026, 8, 20, 12),
                "21/08/2026",
                "FT26232A",
                "Don TA7K2MC",
                "-",
                "1,234,567",
                2,
            ),
            (datetime.datetime(2026, 8, 20, 13), "21/08/2026", "FT26232B", "Phi", "11,000", "-", 1),
        ],
        BankColumnMapping(2, date=0, reference=2, note=3, debit=4, credit=5),
        [(vietnam_time(2026, 8, 20, 12), 1_234_567, "FT26232A", "Don TA7K2MC")],
    ),
    # Sacombank: headings for programs, from a public parser of nine banks' statements.
    BankLayout(
        "Sacombank",
        [
            (
                *("SOL_ID", "CIF_ID", "ACCT_ID", "TRANSACTION_ID", "DEBIT_AMT", "CREDIT_AMT", "NARRATIVE"),
                *("VALUE_DT", "CCY", "TK_DU_LNH", "BANK_DU", "CUSTOMER_NAME_DU"),
            ),
            (
                *("080", "1", ACCOUNT, "S1234567", 0, 1_234_567, "Don TA7K2MC", "25/11/2026", "VND"),
                *("0351000111222", "VCB", "LE MINH"),
            ),
            ("080", "1", ACCOUNT, "S1234568", 11_000, 0, "Phi", "25/11/2026", "VND", "", "", ""),
        ],
        BankColumnMapping(1, account=2, reference=3, debit=4, credit=5, note=6, date=7),
        [(vietnam_time(2026, 11, 25), 1_234_567, "S1234567", "Don TA7K2MC")],
    ),
    # github.com/thu4n/basic (cmd/tpbank_atm.go): sheet "VN", headings in line 9.
    BankLayout(
        "TPBank",
        [
            ("Số tài khoản", ACCOUNT),
            (
                *("Ngày thực hiện", "Ngày hiệu lực", "Mô tả giao dịch", "Ghi nợ", "Ghi có", "Số dư"),
                *("Tài khoản đối ứng", "Tên tài khoản", "Mã giao dịch"),
            ),
            (
                *("25-11-2026 10:02:37", "25-11-2026", "Don TA7K2MC", "", "1,234,567", "2,234,567"),
                *("0351000111222", "LE MINH", "661ITC1263291234"),
            ),
            ("25-11-2026 11:00:00", "25-11-2026", "Phi", "11,000", "", "2,223,567", "", "", "661FEE126329"),
        ],
        BankColumnMapping(2, date=0, note=2, debit=3, credit=4, reference=8),
        [(vietnam_time(2026, 11, 25, 10, 2, 37), 1_234_567, "661ITC1263291234", "Don TA7K2MC")],
    ),
    # VIB: sheet "CurrentAccountStatement", "sao kê theo ngày giao dịch"; headings from a public parser.
    BankLayout(
        "VIB",
        [
            ("Sao kê theo ngày giao dịch",),
            ("Số tài khoản", ACCOUNT),
            ("Số dư đầu kỳ", "1,000,000"),
            ("Ngày giao dịch", "Số chứng từ", "Mô tả", "Ghi nợ", "Ghi có", "Loại tiền", "Số dư"),
            ("25/11/2026", "7047991960", "Don TA7K2MC", "0", "1,234,567", "VND", "2,234,567"),
            ("25/11/2026", "7047991961", "Phi", "11,000", "0", "VND", "2,223,567"),
            ("Số dư cuối kỳ", "2,223,567"),
        ],
        BankColumnMapping(4, date=0, reference=1, note=2, debit=3, credit=4),
        [(vietnam_time(2026, 11, 25), 1_234_567, "7047991960", "Don TA7K2MC")],
    ),
]
