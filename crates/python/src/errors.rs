//! Errors of the workspace as exceptions of Python, with the same sentence.

use nn::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyFloatingPointError, PyOSError, PyRuntimeError, PyValueError};

/// The exception for an error: `OSError` if the system refused, `FloatingPointError` if a loss became infinite, and
/// `ValueError` for data and settings that cannot be used.
pub(crate) fn raised(error: Error) -> PyErr {
    let text = error.to_string();
    match error.root() {
        Error::Io { .. } => PyOSError::new_err(text),
        Error::Diverged(_) => PyFloatingPointError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// The exception for a panic, which is a fault of the program. (pyo3 would make one of it that `except Exception` misses.)
pub(crate) fn of_panic(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = (panic.downcast_ref::<String>().map(String::as_str))
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say where");
    PyRuntimeError::new_err(format!("this is a fault of autoencoder_zoo, please report it: {text}"))
}
