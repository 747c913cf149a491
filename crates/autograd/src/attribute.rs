//! Settings of an operation, beside its name.

/// A setting of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A factor, an exponent, a bound.
    Number(f64),
    /// An axis, a stride for each axis, an order of axes.
    Integers(Vec<i64>),
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Attribute::Number(number)
    }
}

impl From<&[usize]> for Attribute {
    fn from(sizes: &[usize]) -> Self {
        // No axis or size of a tensor in memory is beyond 2⁶³.
        Attribute::Integers(sizes.iter().map(|&size| size as i64).collect())
    }
}

/// Attributes with their names, in a fixed order for each operation.
pub type Attributes = Vec<(&'static str, Attribute)>;
