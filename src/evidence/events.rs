//! A text into the query that counts what happened in its window.
