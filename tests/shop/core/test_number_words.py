import re

import pytest

from shop.core.texts.number_words import spell_number, spell_out

pytestmark = pytest.mark.once


def test_numbers_are_spelled_in_northern_vietnamese() -> None:
    expected = {
        0: "không",
        4: "bốn",
        10: "mười",
        14: "mười bốn",
        15: "mười lăm",
        20: "hai mươi",
        21: "hai mươi mốt",
        24: "hai mươi tư",
        25: "hai mươi lăm",
        55: "năm mươi lăm",
        100: "một trăm",
        101: "một trăm linh một",
        110: "một trăm mười",
        115: "một trăm mười lăm",
        999: "chín trăm chín mươi chín",
        1_000: "một nghìn",
        1_005: "một nghìn không trăm linh năm",
        2_026: "hai nghìn không trăm hai mươi sáu",
        15_000: "mười lăm nghìn",
        1_234_567: "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy",
        1_000_005: "một triệu không trăm linh năm",
        1_005_000: "một triệu không trăm linh năm nghìn",
        2_000_000_001: "hai tỷ không trăm linh một",
        10**12: "một nghìn tỷ",
        -5: "âm năm",
    }

    assert {number: spell_number(number) for number in expected} == expected


def test_sums_weights_days_and_hours_are_spelled_out() -> None:
    expected = {
        "15.000 ₫": "mười lăm nghìn đồng",
        "15.000\u00a0₫/kg": "mười lăm nghìn đồng một ki-lô-gam",
        "45.000 ₫ / gói 300\u00a0g": "bốn mươi lăm nghìn đồng một gói ba trăm gam",
        "36.000 ₫ / quả khoảng 2,4 kg": "ba mươi sáu nghìn đồng một quả khoảng hai phẩy bốn ki-lô-gam",
        "2,05 l": "hai phẩy không năm lít",
        "Giảm 10 %": "Giảm mười phần trăm",
        "Chủ nhật 29/11, 6–10 giờ": "Chủ nhật ngày hai mươi chín tháng mười một, sáu đến mười giờ",
        "ngày 5/4/2027": "ngày mồng năm tháng tư năm hai nghìn không trăm hai mươi bảy",
        "23/11–29/11": "ngày hai mươi ba tháng mười một đến ngày hai mươi chín tháng mười một",
        "06:30–10:00": "sáu giờ ba mươi phút đến mười giờ",
        "Gọi 0209 000 0001.": "Gọi không hai không chín, không không không, không không không một.",
        "+84 987 654 321": "không chín tám bảy, sáu năm bốn, ba hai một",
        "HTX Thiên An · OCOP 4 sao": "hợp tác xã Thiên An, ô-cốp bốn sao",
        "Gian số 12 (cổng Đông)": "Gian số mười hai, cổng Đông",
        "cỡ 30 × 120 cm": "cỡ ba mươi nhân một trăm hai mươi xen-ti-mét",
        "Hàng mới.\n\nKính mời.": "Hàng mới.\n\nKính mời.",
    }

    spelled = {text: spell_out(text) for text in expected}

    assert spelled == expected
    assert not any(re.search(r"\d", words) for words in spelled.values())


def test_informal_spellings_are_spelled_out_too() -> None:
    expected = {
        "Mở 7h30-9h": "Mở bảy giờ ba mươi phút đến chín giờ",
        "từ 6h–10h, 7g30": "từ sáu giờ đến mười giờ, bảy giờ ba mươi phút",
        "50k/kg": "năm mươi nghìn một ki-lô-gam",
        "50.000 VNĐ": "năm mươi nghìn đồng",
        "2tr": "hai triệu",
        "500gr": "năm trăm gam",
        "5 Kg, 2L": "năm ki-lô-gam, hai lít",
        "1.5 kg": "một phẩy năm ki-lô-gam",
        "1/2 kg": "nửa ki-lô-gam",
        "½ kg": "nửa ki-lô-gam",
        "3/4 kg": "ba phần tư ki-lô-gam",
        "ngày 1/2": "ngày mồng một tháng hai",
        "10.5.2027": "ngày mồng mười tháng năm năm hai nghìn không trăm hai mươi bảy",
        "tháng 4/2027": "tháng tư năm hai nghìn không trăm hai mươi bảy",
        "T7, thứ 4, tháng 4": "thứ bảy, thứ tư, tháng tư",
        "12 quả/hộp": "mười hai quả một hộp",
        "rau/củ": "rau củ",
        "số 12/5 phố Đội Cấn": "số mười hai trên năm phố Đội Cấn",
        "QL3, thôn 3B": "QL ba, thôn ba B",
        "10×20cm, 10 x 20 cm": "mười nhân hai mươi xen-ti-mét, mười nhân hai mươi xen-ti-mét",
        "5°C": "năm độ C",
        "OCOP 4★ & quà": "ô-cốp bốn sao và quà",
        "THT mật ong": "tổ hợp tác mật ong",
    }

    assert {text: spell_out(text) for text in expected} == expected
