//! Named aggregations to one series into one request, and its answer into numbers by name.
