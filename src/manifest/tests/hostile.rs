use super::super::read::read;
use super::{SAMPLE, json};

#[test]
fn every_beginning_of_a_file_is_read_or_refused() {
    let all = format!("{SAMPLE}---\r\n{{\"kind\": \"Rollout\", \"spec\": {{\"strategy\": [1]}}}}");
    for end in (0..all.len()).filter(|end| all.is_char_boundary(*end)) {
        read(0, &all[..end]);
    }
}

#[test]
fn every_byte_may_be_another() {
    for at in 0..SAMPLE.len() {
        // Not each of them at each place, which takes a minute.
        for (_, byte) in (0..)
            .zip(b"\0\t\n\r !\"#%&'*,-0:<>?@[]`{|}~")
            .filter(|(turn, _)| (turn + at) % 9 == 0)
        {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = *byte;
            read(0, &String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn what_is_deep_or_large_is_refused() {
    let (many, most) = (1 << 18, 8 << 20);
    let half = "[".repeat(200);
    let chain: String = (1..200)
        .map(|n| format!("- &a{n} [[[[[[[[[[[[*a{}]]]]]]]]]]]]\n", n - 1))
        .collect();
    for (text, error) in [
        ("- ".repeat(most), "recursion limit"),
        ("[".repeat(most), "recursion limit"),
        ("{".repeat(many), "recursion limit"),
        ("a: ".repeat(many), ""),
        ("? ".repeat(many), ""),
        ("&a ".repeat(many), ""),
        ("- a\n".repeat(most / 4), "more than 1000000 values"),
        (
            format!(
                "a: &a {half}{}\nb: {half}*a{}",
                "]".repeat(200),
                "]".repeat(200)
            ),
            "",
        ),
        (format!("- &a0 x\n{chain}"), "more than 600 levels"),
    ] {
        let read = json(&text);
        let first = read.iter().find_map(|document| document.as_ref().err());
        let told = first.map_or("", |told| told.as_str());
        assert!(told.contains(error), "{told}, expected {error}");
    }
}

#[test]
fn aliases_of_aliases_stay_small() {
    let lines: String = (1..40)
        .map(|n| format!("a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}]\n", m = n - 1))
        .collect();
    let long = "x".repeat(1 << 20);
    let many = format!("b: &b \"{long}\"\nc: [{}]", "*b,".repeat(100_000));
    let merged: String = (1..40)
        .map(|n| format!("m{n}: &m{n} {{<<: [*m{m}, *m{m}], k{n}: 1}}\n", m = n - 1))
        .collect();
    for text in [
        format!("a0: &a0 x\n{lines}"),
        many,
        format!("m0: &m0 {{k: 1}}\n{merged}"),
    ] {
        let read = json(&text);
        let told = read[0].as_ref().expect_err("refused");
        assert!(told.contains("more than 1000000 values"), "{told}");
    }
    assert!(json("a: &a [*a]")[0].is_err());
}
