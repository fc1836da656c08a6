//! Findings into words that they are known by when lines move.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::lint::finding::Finding;

/// Bytes of the digest that are kept; in hexadecimal twice as many characters.
const KEPT: usize = 8;

/// One for each finding: over rule, resource, namespace, metric, field, the text that stands there and, of equal ones, which it is.
///
/// The file is not in it, so that a template may move to another.
pub(super) fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut equals: HashMap<[u8; 32], usize> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let own: [u8; 32] = digest(finding).into();
            let ordinal = equals.entry(own).or_default();
            let numbered = Sha256::new()
                .chain_update(own)
                .chain_update(ordinal.to_string())
                .finalize();
            *ordinal += 1;
            let hex = |byte: &u8| format!("{byte:02x}");
            numbered[..KEPT].iter().map(hex).collect()
        })
        .collect()
}

/// A fingerprint's number, which takes less room; none where the text is no fingerprint.
pub(super) fn number(fingerprint: &str) -> Option<u64> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_one = fingerprint.len() == 2 * KEPT && fingerprint.bytes().all(is_digit);
    is_one
        .then(|| u64::from_str_radix(fingerprint, 16).ok())
        .flatten()
}

fn digest(finding: &Finding) -> impl Into<[u8; 32]> {
    let parts = [
        finding.rule,
        &finding.resource,
        finding.namespace.as_deref().unwrap_or_default(),
        finding.metric.as_deref().unwrap_or_default(),
        &finding.spot.field,
        &finding.spot.text,
    ];
    let mut hasher = Sha256::new();
    for part in parts {
        // With its length before it no part can pass for the end of another.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}
