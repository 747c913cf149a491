//! Sparse matrices as files: read with their names, and the same numbers as from a table.

use std::fs;
use std::path::Path;

use crate::common::{refuse, succeed, zoo};

/// The notes of `zoo data` on a file.
fn notes(folder: &Path, file: &str) -> String {
    let output = zoo(folder, &["data", file]);
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// Counts of three genes in 40 cells, as the programs of 10x Genomics write them: a row for each gene.
#[test]
fn sparse_matrices_are_read_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let count = |gene: usize, cell: usize| (cell * (gene + 2) + gene * gene) % 5;
    let mut entries = vec![];
    for (gene, cell) in (0..3).flat_map(|gene| (0..40).map(move |cell| (gene, cell))) {
        if count(gene, cell) > 0 {
            entries.push(format!("{} {} {}\n", gene + 1, cell + 1, count(gene, cell)));
        }
    }
    let head = "%%MatrixMarket matrix coordinate integer general\n% by hand\n";
    let matrix = format!("{head}3 40 {}\n{}", entries.len(), entries.concat());
    fs::create_dir(path.join("10x")).unwrap();
    fs::write(path.join("10x/matrix.mtx"), &matrix).unwrap();
    fs::write(path.join("alone.mtx"), &matrix).unwrap();
    let cells: String = (0..40).map(|cell| format!("CELL-{cell}\n")).collect();
    fs::write(path.join("10x/barcodes.tsv"), cells).unwrap();
    fs::write(path.join("10x/genes.tsv"), "ENSG1\tABC\nENSG2\tDEF\nENSG3\tABC\n").unwrap();

    assert!(succeed(path, &["data", "alone.mtx"]).starts_with("alone.mtx: 3 examples of 40 numbers"));
    let text = succeed(path, &["data", "10x/matrix.mtx"]);
    assert!(text.starts_with("10x/matrix.mtx: 40 examples of 3 numbers"), "{text}");
    let note = "its 40 columns are the cells of `barcodes.tsv`, and so the examples";
    assert!(notes(path, "10x/matrix.mtx").contains(note));
    let train =
        ["train", "vae", "--data", "10x/matrix.mtx", "--code", "2", "--epochs", "3", "--scale", "none"];
    let counts = ["--set", "likelihood.name=negative_binomial", "--out", "run"];
    succeed(path, &[&train[..], &counts].concat());
    let text = succeed(path, &["reconstruct", "run", "--data", "10x/matrix.mtx"]);
    assert!(text.starts_with("row,barcode,ENSG1,ENSG2,ENSG3\n1,CELL-0,"), "{text}");

    // The same numbers from a table.
    let row = |cell: usize| format!("{},{},{}\n", count(0, cell), count(1, cell), count(2, cell));
    let table = (0..40).map(row).collect::<String>();
    fs::write(path.join("t.csv"), format!("ENSG1,ENSG2,ENSG3\n{table}")).unwrap();
    let [sparse, dense] = ["10x/matrix.mtx", "t.csv"].map(|data| {
        let loss = succeed(path, &["eval", "run", "--data", data, "--json"]);
        serde_json::from_str::<serde_json::Value>(&loss).unwrap()["loss"].clone()
    });
    assert!(!sparse.is_null());
    assert_eq!(sparse, dense);

    fs::write(path.join("genes.tsv"), "ENSG1\nENSG2\n").unwrap();
    let note = "beside it have no cells and 2 genes, and it has 40 columns and 3 rows";
    assert!(notes(path, "alone.mtx").contains(note));

    let large = ["train", "pca", "--data", "alone.mtx", "--memory", "0"];
    refuse(path, &large, "with its zeros the matrix of 3 rows and 40 columns takes 0 MB, and --memory is 0");
    fs::write(path.join("cut.mtx"), &matrix[..matrix.len() - 8]).unwrap();
    refuse(path, &["data", "cut.mtx"], "write or download it again");
    refuse(
        path,
        &["data", "alone.mtx", "--header", "yes"],
        "--header means nothing for a Matrix Market file",
    );
}
