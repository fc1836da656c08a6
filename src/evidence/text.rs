//! A query as written into the text that is sent: namespace, zeros and fallback written in at spans.
