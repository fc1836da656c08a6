//! A number into the text Go writes for it.

/// `strconv.FormatFloat(x, 'f', -1, 64)`: the shortest decimals that read back the same, never an exponent;
/// `NaN`, `+Inf`, `-Inf`.
pub fn go_float(x: f64) -> String {
    if x.is_infinite() {
        return if x > 0.0 {
            "+Inf".into()
        } else {
            "-Inf".into()
        };
    }
    x.to_string()
}

/// As Go's `fmt` writes a float64 for `%v`: the shortest digits that read back the same, with an exponent below 1e-4 and
/// from 1e21 on.
pub fn go_float_short(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() || size == 0.0 || (1e-4..1e21).contains(&size) {
        return go_float(x);
    }
    // Rust writes `1e-5`, Go `1e-05`.
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_it() {
        for (x, text) in [
            (10.0, "10"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (1e21, "1000000000000000000000"),
            (1e-9, "0.000000001"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(go_float(x), text);
        }
    }

    #[test]
    fn as_gos_fmt_writes_it() {
        for (x, text) in [
            (0.0, "0"),
            (-1.5, "-1.5"),
            (0.0001, "0.0001"),
            (0.000_012, "1.2e-05"),
            (123_456_789.0, "123456789"),
            (1e20, "100000000000000000000"),
            (-1e21, "-1e+21"),
            (1.5e300, "1.5e+300"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(go_float_short(x), text);
        }
    }
}
