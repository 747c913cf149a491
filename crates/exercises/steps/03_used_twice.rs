//! # A value that is used twice
//!
//! Book: docs/src/01-by-hand.md#when-a-value-is-used-twice
//!
//! In `y = x · eˣ` the value `x` is used by two steps: `s = eˣ` and `y = x s`. Each sends back a contribution to `x̄`, and
//! the contributions are added.
// hint: The product y = x s has the slope s for x, and x for s. The exponential is its own slope: ds/dx = s.

/// `x̄ = dy/dx` of `y = x · eˣ`, by the backward pass.
fn slope(x: f64) -> f64 {
    let s = x.exp();
    let y_bar = 1.0;
    let from_product: f64 = {
        // hole: the contribution of the product to x̄
        y_bar * s
        // wrong: y_bar * x
        // end
    };
    let s_bar: f64 = {
        // hole: s̄, from the product
        y_bar * x
        // wrong: y_bar * s
        // end
    };
    // hole: x̄, from both steps that use x
    from_product + s_bar * s
    // wrong: from_product * s_bar * s
    // wrong: s_bar * s
    // wrong: from_product + s_bar
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_rule_of_calculus_says_the_same() {
        for x in [-2.0, -0.5, 0.0, 0.3, 1.7_f64] {
            let calculus = (1.0 + x) * x.exp();
            let yours = slope(x);
            assert!(
                (yours - calculus).abs() < 1e-12,
                "at {x} calculus says (1 + x) eˣ = {calculus}, and yours is {yours}"
            );
        }
    }
}
