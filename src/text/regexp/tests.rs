use super::*;

/// Patterns and what Go 1.26 says of them (`regexp.Compile` of the pattern as Prometheus anchors it); empty: nothing.
const GO: [(&str, &str); 79] = [
    (r"\Qa.b\E", ""),
    ("[[]x", ""),
    ("[a[b]", ""),
    (r"\07", ""),
    (r"\w{255}", ""),
    (r"\pL{500}", ""),
    ("a++", "invalid nested repetition operator: `++`"),
    ("a**", "invalid nested repetition operator: `**`"),
    ("x{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
    ("(?x) a", "invalid or unsupported Perl syntax: `(?x`"),
    ("(?R)", "invalid or unsupported Perl syntax: `(?R`"),
    ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    ("(?<=a)", "invalid named capture: `(?<=a)`"),
    ("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`"),
    ("(?P<", "invalid or unsupported Perl syntax: `(?P`"),
    ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
    ("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`"),
    ("(?)(?i-i)(?ii:a)(?<n>a)(?P<n>a)", ""),
    ("[a--b]", "invalid character class range: `a--`"),
    ("[b-a]", "invalid character class range: `b-a`"),
    ("[a", "missing closing ]: `[a`"),
    ("[]", "missing closing ]: `[]`"),
    ("[]a][^]a][a-][-a][--a]", ""),
    ("[[:alpha:][:^digit:]]", ""),
    ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
    ("[[:", "missing closing ]: `[[:`"),
    (r"[\d-z]", ""),
    (r"[a-\d]", r"invalid escape sequence: `\d`"),
    (r"[\b]", r"invalid escape sequence: `\b`"),
    (r"\u00e9", r"invalid escape sequence: `\u`"),
    (r"\8", r"invalid escape sequence: `\8`"),
    (r"\1", r"invalid escape sequence: `\1`"),
    (r"\10", ""),
    (r"\_\-\/", ""),
    (r"\é", r"invalid escape sequence: `\é`"),
    (r"\", "trailing backslash at end of expression: ``"),
    (r"\x41\x{41}\x{0000000041}\x{D800}", ""),
    (r"\x4", r"invalid escape sequence: `\x4`"),
    (r"\xzz", r"invalid escape sequence: `\xzz`"),
    (r"\x{}", r"invalid escape sequence: `\x{}`"),
    (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
    (r"\pL\p{Greek}\P{^lu}\p{Any}\p{ASCII}\p{letter}\p{Cs}", ""),
    (r"\p{cased letter}\p{L_C}\p{Assigned}", ""),
    (
        r"\p{Old_Italic}",
        r"invalid character class range: `\p{Old_Italic}`",
    ),
    (r"\pX", r"invalid character class range: `\pX`"),
    (r"\p{", r"invalid character class range: `\p{`"),
    ("a{2,1001}", "invalid repeat count: `{2,1001}`"),
    ("a{5,2}", "invalid repeat count: `{5,2}`"),
    (
        "a{99999999999999999999}",
        "invalid repeat count: `{99999999999999999999}`",
    ),
    ("a{1000}b{1000}", ""),
    ("(a{100}){10}", ""),
    ("(a{100}){11}", "invalid repeat count: `{11}`"),
    ("((a{2}){20}){26}", "invalid repeat count: `{26}`"),
    ("((a{100}){0}){100}", ""),
    ("(a{5,}){300}", "invalid repeat count: `{300}`"),
    ("a{,5}b{01}c{ 1}{", ""),
    ("a)|(b", "unexpected ): `a)|(b`"),
    ("(a", "missing closing ): `(a`"),
    ("*", "missing argument to repetition operator: `*`"),
    ("a|*?", "missing argument to repetition operator: `*?`"),
    ("(*)", "missing argument to repetition operator: `*`"),
    ("(?i)*", "missing argument to repetition operator: `*`"),
    (r"a(?i)*", ""),
    (r"a*(?i)*", ""),
    (r"a*\Q\E*", ""),
    (r"\Q\E*", "missing argument to repetition operator: `*`"),
    (r"^*$*\b+()*(|a)*||", ""),
    (r"\E", r"invalid escape sequence: `\E`"),
    (r"\C", r"invalid escape sequence: `\C`"),
    (r"\Z", r"invalid escape sequence: `\Z`"),
    (r"\A\z\B", ""),
    ("", ""),
    ("a*?b+?c??d{2}?", ""),
    ("a*??", "invalid nested repetition operator: `*??`"),
    ("a?+", "invalid nested repetition operator: `?+`"),
    ("é+", ""),
    ("(?i:a(?-s).)", ""),
    ("a.b[^c]", ""),
    (r"[\x{D000}-\x{E000}]", ""),
];

#[test]
fn gos_syntax() {
    for (pattern, error) in GO {
        let said = check(pattern).err().map(|e| e.to_string());
        let expected = (!error.is_empty()).then(|| format!("error parsing regexp: {error}"));
        assert_eq!(said, expected, "{pattern}");
    }
}

#[test]
fn gos_bounds() {
    let nested = |open: &str, times: usize, close: &str| {
        format!("{}a{}", open.repeat(times), close.repeat(times))
    };
    for (pattern, good) in [
        (nested("(", 998, ")"), true),
        (nested("(", 999, ")"), false),
        (nested("(?:", 5000, ")"), true),
        (nested("(b*", 498, ")"), true),
        (nested("(b*", 499, ")"), false),
        (nested("(b|", 499, ")"), true),
        (nested("(b|", 500, ")"), false),
        (nested("(?:b*c|", 499, ")"), true),
        (nested("(?:b*c|", 500, ")"), true),
        (nested("(?:b*", 2000, ")"), true),
        (format!("(?:{}){{1000}}", "a".repeat(3355)), true),
        (format!("(?:{}){{1000}}", "a".repeat(3356)), false),
    ] {
        assert_eq!(check(&pattern).is_ok(), good, "{} bytes", pattern.len());
    }
}

#[test]
fn labels_are_matched_whole() {
    for (pattern, text, matches) in [
        ("a|b", "ab", false),
        ("a|b", "b", true),
        ("a.b", "a\nb", true),
        ("(?-s)a.b", "a\nb", false),
        ("a", "a\n", false),
        (r"\Qa.b\E*", "a.bbb", true),
        ("a*(?i)*", "aaa", true),
        ("(?:a+)(?i)?", "", true),
        ("a+(?i)?", "", true),
        ("a(?i)b|c", "C", true),
        ("(a(?i))b", "aB", false),
        (r"\d+", "٣", false),
        (r"\w", "é", false),
        (r"\pL", "é", true),
        (r"[\x{D800}]", "a", false),
        (r"[^\x{D800}]", "a", true),
        (r"[\x{D000}-\x{E000}]", "\u{D001}", true),
        (r"[[:^alpha:]]", "1", true),
        (r"a{2}(?U)b{1,2}", "aabb", true),
    ] {
        let compiled = compile_anchored(pattern).expect(pattern);
        assert_eq!(
            compiled.is_match(text.as_bytes()),
            matches,
            "{pattern} on {text}"
        );
    }
}

#[test]
fn long_patterns_take_linear_time() {
    for part in [
        "{", "[[:", "[a]", "(?i)", "a*(?i)*", r"\x{", r"\Q", r"\p{L}", "(", "a|", "(?P<a>", "{1",
    ] {
        // A quadratic reader would need minutes.
        let _ = check(&part.repeat(100_000));
    }
}
