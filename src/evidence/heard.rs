//! Selectors that may have no series in health into the questions whether their exporter is there.
