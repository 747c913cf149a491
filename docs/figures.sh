#!/usr/bin/env bash
# Makes every number and every picture of the book anew, from the numbered examples.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p examples/expected docs/src/images target/examples
for example in examples/*.rs; do
    name=$(basename "$example" .rs)
    echo "$name"
    cargo run --release --quiet --example "$name" >"examples/expected/$name.txt"
done

# The pictures that chapters show, from where the examples put them.
show() { cp "target/examples/$1" "docs/src/images/$2"; }
show 08_schedules.png 08_schedules.png
show linear_autoencoder.png 09_linear_autoencoder.png
show sparse_features.png 10_sparse_features.png
show 12_reconstructions.png 12_reconstructions.png
show 12_loss.png 12_loss.png
show 13_tangents.png 13_tangents.png
show 14_stacked.png 14_stacked.png
show 18_manifold.png 18_manifold.png
show 18_loss.png 18_loss.png
show 20_importance_weights.png 20_importance_weights.png
show 22_flows.png 22_flows.png
show anomalies_roc.png 23_anomalies_roc.png
show compression.png 27_compression.png
show 29_finite_differences.png 29_finite_differences.png
show 30_penalties.png 30_penalties.png
show 33_differential_equation.png 33_differential_equation.png
show 35_two_moons.svg 35_two_moons.svg
show 35_overfitting.svg 35_overfitting.svg

# Those of the page about speed, which is read in docs/ and as a chapter. `cargo bench` draws them.
cp docs/images/growth-*.png docs/src/images/
