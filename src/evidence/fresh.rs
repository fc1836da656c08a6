//! The selectors of a text into the questions whether each has samples since the run began, and their answers into what is fresh.
