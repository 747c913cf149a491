//! Breaking rules on purpose, to see whether the tests notice.

use std::cell::RefCell;

thread_local! {
    static BROKEN: RefCell<Option<(String, usize, [f64; 2])>> = const { RefCell::new(None) };
}

/// Runs `f` while the rule of this operation for this input is wrong by this factor and offset.
pub(crate) fn with_broken<R>(op: &str, wrt: usize, by: [f64; 2], f: impl FnOnce() -> R) -> R {
    BROKEN.set(Some((op.to_owned(), wrt, by)));
    let result = f();
    BROKEN.set(None);
    result
}

/// The factor and offset by which the rule is wrong: `None` for almost all.
pub(crate) fn of(op: &str, wrt: usize) -> Option<[f64; 2]> {
    BROKEN.with_borrow(|broken| match broken {
        Some((name, input, by)) if name == op && *input == wrt => Some(*by),
        _ => None,
    })
}
