//! What one run may still spend, and the error that ends it.

use super::limits;

const OUT_OF_STEPS: &str = "step budget exceeded";

/// Why a run ended: Go's words where Go has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault(pub(super) Box<str>);

impl Fault {
    pub(super) fn new(message: impl Into<Box<str>>) -> Self {
        Self(message.into())
    }

    /// Whether the run had too few steps.
    pub(super) fn is_out_of_steps(&self) -> bool {
        &*self.0 == OUT_OF_STEPS
    }
}

/// A value of a run, or why there is none.
pub(super) type Ran<T> = Result<T, Fault>;

/// Counts down; everything that grows asks here first.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u64,
    elements: u64,
    bytes: u64,
}

impl Budget {
    /// All that a run may spend, and these steps.
    pub(super) fn new(steps: u64) -> Self {
        Self {
            steps,
            elements: 0,
            bytes: limits::BYTES,
        }
    }

    /// Enough for a message.
    pub(super) fn small() -> Self {
        Self {
            steps: 1_000,
            elements: 0,
            bytes: 4 * limits::QUOTED as u64,
        }
    }

    /// Charges `count` steps.
    pub(super) fn steps(&mut self, count: usize) -> Ran<()> {
        match self.steps.checked_sub(count as u64) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Fault::new(OUT_OF_STEPS)),
        }
    }

    /// Charges elements where and as expr does (`vm.memGrow`).
    pub(super) fn elements(&mut self, count: usize) -> Ran<()> {
        self.elements = self.elements.saturating_add(count as u64);
        if self.elements >= limits::ELEMENTS {
            return Err(Fault::new("memory budget exceeded"));
        }
        Ok(())
    }

    /// Charges bytes about to be allocated, and the steps of writing them.
    pub(super) fn bytes(&mut self, count: usize) -> Ran<()> {
        match self.bytes.checked_sub(count as u64) {
            Some(left) => self.bytes = left,
            None => return Err(Fault::new("memory budget exceeded")),
        }
        self.steps(count / 64)
    }

    /// Charges a list of `count` values about to be allocated.
    pub(super) fn list(&mut self, count: usize) -> Ran<()> {
        self.bytes(count.saturating_mul(size_of::<super::value::Value>()))
    }
}
