//! Go's `math.Pow`: powers by repeated squaring, which differs from C's `pow` in last digits.

/// `x` to the power `y`, with the special cases of Go's documentation.
pub(super) fn power(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if y == 1.0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    // Zeros and infinities follow IEEE 754, as everywhere.
    if x == 0.0 || x.is_infinite() || y.is_infinite() {
        return x.powf(y);
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let whole = y.abs().trunc();
    let mut rest = y.abs() - whole;
    if rest != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    if whole >= 9.223_372_036_854_776e18 {
        // Such exponents are even: only the size of x counts.
        return match x {
            -1.0 => 1.0,
            x if (x.abs() < 1.0) == (y > 0.0) => 0.0,
            _ => f64::INFINITY,
        };
    }
    let mut steps = whole as i64;
    let mut result = 1.0;
    if rest != 0.0 {
        if rest > 0.5 {
            rest -= 1.0;
            steps += 1;
        }
        result = (rest * x.ln()).exp();
    }
    let (mut square, mut exponent) = frexp(x);
    let mut result_exponent: i64 = 0;
    while steps != 0 {
        if !(-1 << 12..=1 << 12).contains(&exponent) {
            // Far out of range: the rest only makes it an infinity or zero.
            result_exponent += exponent;
            break;
        }
        if steps & 1 == 1 {
            result *= square;
            result_exponent += exponent;
        }
        square *= square;
        exponent <<= 1;
        if square < 0.5 {
            square += square;
            exponent -= 1;
        }
        steps >>= 1;
    }
    if y < 0.0 {
        result = 1.0 / result;
        result_exponent = -result_exponent;
    }
    ldexp(result, result_exponent)
}

/// A fraction in [0.5, 1) of `x`'s sign and an exponent of two.
fn frexp(x: f64) -> (f64, i64) {
    let (x, shift) = if x.abs() < f64::MIN_POSITIVE {
        (x * (1u64 << 52) as f64, -52)
    } else {
        (x, 0)
    };
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64 - 1022 + shift;
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (fraction, exponent)
}

/// `x` times two to the power `exponent`, rounded once.
fn ldexp(x: f64, exponent: i64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let (fraction, own) = frexp(x);
    let exponent = exponent.saturating_add(own);
    if exponent > 1024 {
        return f64::INFINITY.copysign(x);
    }
    if exponent < -1075 {
        return 0f64.copysign(x);
    }
    // 2^(exponent) in two normal factors; only the last product rounds.
    let high = exponent.clamp(-1021, 1023);
    let scale = |e: i64| f64::from_bits(((e + 1023) as u64) << 52);
    fraction * scale(high) * scale(exponent - high)
}

#[cfg(test)]
mod tests {
    use super::power;

    #[test]
    fn as_go_has_it() {
        for (x, y, z) in [
            (2.0, 10.0, 1024.0),
            (10.0, -2.0, 0.01),
            (-2.0, 3.0, -8.0),
            (-2.0, 0.5, f64::NAN),
            (0.0, -1.0, f64::INFINITY),
            (2.0, 1024.0, f64::INFINITY),
            (2.0, -1074.0, 5e-324),
            (2.0, -1080.0, 0.0),
            (1.1, 10.0, 2.593742460100002),
            (f64::NAN, 0.0, 1.0),
            (-1.0, f64::INFINITY, 1.0),
        ] {
            let got = power(x, y);
            assert!(got == z || got.is_nan() && z.is_nan(), "{x} ** {y} = {got}");
        }
    }
}
