//! Good tables, and a sentence for every bad one.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;

fn options() -> TableOptions {
    TableOptions::default()
}

fn good(text: &str, options: &TableOptions) -> Table {
    parse(Path::new("t.csv"), text.as_bytes(), options).unwrap()
}

/// What is wrong with a table of this content.
fn problem(content: impl AsRef<[u8]>, options: &TableOptions) -> String {
    let text = parse(Path::new("t.csv"), content.as_ref(), options).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text.strip_prefix("t.csv: ").unwrap_or(&text).to_owned()
}

#[test]
fn with_and_without_a_header() {
    let table = good("1,2\n3,4.5\n", &options());
    assert_eq!((table.data.x.shape(), table.data.x.to_vec()), (&[2, 2][..], vec![1.0, 2.0, 3.0, 4.5]));
    assert_eq!(table.columns, ["column 1", "column 2"]);
    assert!(table.data.labels.is_none() && table.classes.is_none());

    let named = good("a,b\n1,2\n", &options());
    assert_eq!((named.columns, named.data.x.to_vec()), (vec!["a".to_owned(), "b".into()], vec![1.0, 2.0]));
    // Years as names look like numbers; the user can say that they are names.
    let years = good("2019,2020\n1,2\n", &TableOptions { header: Some(true), ..options() });
    assert_eq!((years.columns.len(), years.data.len()), (2, 1));
    // As pandas writes an array, with and without its index.
    assert_eq!(good("0,1,2\n5,6,7\n", &options()).data.x.to_vec(), [5.0, 6.0, 7.0]);
    assert_eq!(good(",0,1,2\n0,5,6,7\n", &options()).columns, ["column 1", "0", "1", "2"]);
    assert_eq!(good("0,1\n1,2\n", &options()).data.len(), 2, "two numbers may be an example");
}

#[test]
fn other_programs_files() {
    // A byte order mark, Windows line ends, spaces, empty lines, no line end at the end, quotes.
    let table = good("\u{feff}a, b \r\n\r\n 1 ,\"2e-1\"\r\n\"3\",-4", &options());
    assert_eq!((table.columns[0].as_str(), table.columns[1].as_str()), ("a", "b"));
    assert_eq!(table.data.x.to_vec(), [1.0, 0.2, 3.0, -4.0]);
    let semicolons = TableOptions { delimiter: Some(';'), ..options() };
    assert_eq!(good("1;2\n", &semicolons).data.x.to_vec(), [1.0, 2.0]);
    let quoted = good("\"a, and\n\"\"b\"\"\",c\n1,2\n", &options());
    assert_eq!(quoted.columns, ["a, and\n\"b\"", "c"]);
}

#[test]
fn the_name_tells_the_delimiter_and_the_content_tells_the_compression() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    encoder.write_all(b"a\tb\n1\t2\n").unwrap();
    let zipped = encoder.finish().unwrap();
    for (name, content) in [("t.tsv", &b"a\tb\n1\t2\n"[..]), ("u.TSV.gz", &zipped), ("v.csv", b"a,b\n1,2\n")]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert_eq!(read(&path, &options()).unwrap().data.x.to_vec(), [1.0, 2.0], "{name}");
    }
    assert!(
        problem(&zipped[..zipped.len() - 3], &TableOptions { delimiter: Some('\t'), ..options() })
            .starts_with("the gzip data is incomplete")
    );
}

#[test]
fn labels_are_numbers_or_names() {
    let last = TableOptions { label: Some(3.into()), ..options() };
    let table = good("1,2,b\n3,4,a\n5,6,b\n", &last);
    assert_eq!(table.data.x.to_vec(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(
        (table.data.labels.unwrap(), table.classes.unwrap()),
        (vec![1, 0, 1], vec!["a".into(), "b".into()])
    );

    let named = TableOptions { label: Some("y".into()), drop: vec!["id".into()], ..options() };
    let table = good("id,x,y\nA,1,10\nB,2,3.0\n", &named);
    assert_eq!(
        (table.data.labels.unwrap(), table.classes, table.columns),
        (vec![10, 3], None, vec!["x".into()])
    );
    // Negative numbers are names.
    assert_eq!(good("id,x,y\nA,1,1\nB,2,-1\n", &named).classes.unwrap(), ["-1", "1"]);

    assert_eq!(problem("id,x,y\nA,1,2\nB,1,\n", &named), "line 3, column `y`: the label is missing");
    assert_eq!(
        problem("id,x,y\nA,1,2\nB,1,0.5\nC,1,0.25\n", &named),
        "line 3, column `y`: \"0.5\" is no class; labels are names or whole numbers"
    );
}

#[test]
fn missing_values() {
    let text = "a,b,c\n1,?,3\nNA,4,nan\n5,,6\n";
    let with = |impute| TableOptions { impute, ..options() };
    assert_eq!(good(text, &with(Impute::Zero)).data.x.to_vec(), [1., 0., 3., 0., 4., 0., 5., 0., 6.]);
    let odd = "a\n9\n?\n1\n2\n";
    assert_eq!(good(odd, &with(Impute::Median)).data.x.to_vec(), [9., 2., 1., 2.]);
    assert_eq!(good("a,b\n1,?\n2,?\n", &with(Impute::Zero)).data.x.to_vec(), [1., 0., 2., 0.]);
    assert_eq!(good(text, &with(Impute::Mean)).data.x.to_vec(), [1., 4., 3., 3., 4., 4.5, 5., 4., 6.]);
    assert_eq!(
        problem(text, &options()),
        "line 2, column `b`: the value is missing; say with `impute` what to take instead (mean, median, \
         zero)"
    );
    assert_eq!(
        problem("a,b\n1,?\n2,?\n", &with(Impute::Mean)),
        "column `b`: every value is missing; leave the column out with `drop`"
    );
}

#[test]
fn what_is_not_a_number() {
    let at = "line 3, column `city`:";
    let with = |field: &str| problem(format!("n,city\n1,2\n2,{field}\n"), &options());
    assert_eq!(with("Paris"), format!("{at} \"Paris\" is not a number; leave the column out with `drop`"));
    assert_eq!(
        with("-inf"),
        format!("{at} \"-inf\" is not finite; correct the value or leave the column out with `drop`")
    );
    assert_eq!(with("1e309"), format!("{at} \"1e309\" is too large for double precision; scale the column"));
    assert_eq!(
        with(&"x".repeat(100)),
        format!("{at} \"{}\"… is not a number; leave the column out with `drop`", "x".repeat(40))
    );
    // Even in the first row these are no names.
    assert!(problem("1,inf\n", &options()).starts_with("line 1, column `column 2`: \"inf\" is not finite"));
}

#[test]
fn large_numbers_keep_their_digits() {
    let table = good("time,id\n1700000000.125,9007199254740992\n-1e39,9007199254740993\n", &options());
    assert_eq!(
        table.data.x.to_vec(),
        [1_700_000_000.125, 9_007_199_254_740_992.0, -1e39, 9_007_199_254_740_992.0]
    );
    assert_eq!(table.rounded, ["id"], "2⁵³ + 1 is no number of double precision");
    // What double precision has, and what was never exact, is no news.
    assert!(good("a,b\n9007199254740994,1.5e300\n", &options()).rounded.is_empty());
}

#[test]
fn filled_gaps_do_not_overflow() {
    let with =
        |impute| good("a\n1e308\n1.5e308\n?\n", &TableOptions { impute, ..options() }).data.x.to_vec()[2];
    assert_eq!((with(Impute::Mean), with(Impute::Median)), (1.25e308, 1.25e308));
    assert_eq!(Impute::Median.value(&mut [-3e38, 3e38]), Some(0.0));
}

#[test]
fn what_is_not_a_table() {
    assert_eq!(problem("", &options()), "the file is empty");
    assert_eq!(problem("\u{feff}\n\n", &options()), "the file is empty");
    assert_eq!(problem("a,b\n", &options()), "the file holds only a header and no examples");
    assert_eq!(
        problem("1,2\n3\n", &options()),
        "line 2: the row has 1 fields, but the first row has 2; check the delimiter and the quotes"
    );
    assert_eq!(problem(b"1,2\n3,\xff\n", &options()), "line 2: the text is not UTF-8; save it as UTF-8");
}

#[test]
fn a_stream_that_breaks_off() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the other side hung up"))
        }
    }
    for start in [&b""[..], b"a,b\n1,2\n"] {
        let text =
            parse(Path::new("standard input"), start.chain(Broken), &options()).unwrap_err().to_string();
        assert_eq!(text, "cannot read standard input: the other side hung up");
    }
}

#[test]
fn columns_that_are_not_there() {
    let label = |label: Column| TableOptions { label: Some(label), ..options() };
    let text = "height,width,width\n1,2,3\n";
    assert_eq!(
        problem(text, &label("heigth".into())),
        "there is no column `heigth`; the nearest name is `height`"
    );
    assert_eq!(problem(text, &label("zzz".into())), "there is no column `zzz`");
    assert_eq!(
        problem(text, &label("width".into())),
        "columns 2 and 3 are both called `width`; give the column's number instead"
    );
    for number in [0, 4] {
        assert_eq!(
            problem(text, &label(number.into())),
            format!("there is no column {number}; the columns are numbered from 1 to 3")
        );
    }
    assert!(problem("1,2\n", &label("a".into())).contains("the first row holds numbers and no names"));
    let both = TableOptions { label: Some(1.into()), drop: vec!["height".into()], ..options() };
    assert_eq!(problem(text, &both), "column `height` cannot be both label and dropped");
    let all = TableOptions { drop: vec![1.into(), 2.into(), 3.into()], ..options() };
    assert!(problem(text, &all).starts_with("no column is left to be a feature"));
    let odd = TableOptions { delimiter: Some('→'), ..options() };
    assert_eq!(
        problem(text, &odd),
        "'→' cannot separate fields; take a comma, a semicolon, a tab or a space"
    );
}

#[test]
fn options_as_text() {
    let text = r#"{"label": "kind", "drop": [1, "id"], "impute": "mean"}"#;
    let read: TableOptions = serde_json::from_str(text).unwrap();
    let drop = vec![1.into(), "id".into()];
    assert_eq!(read, TableOptions { label: Some("kind".into()), drop, impute: Impute::Mean, ..options() });
    assert!(serde_json::from_str::<TableOptions>(r#"{"lable": 1}"#).is_err());
}

#[test]
fn missing_values_can_be_kept() {
    let kept = good("a,b\n1,\n?,2\n", &TableOptions { impute: Impute::Keep, ..options() }).data.x.to_vec();
    assert_eq!((kept[0], kept[3]), (1.0, 2.0));
    assert!(kept[1].is_nan() && kept[2].is_nan());
}

#[test]
fn a_look_finds_names_and_text() {
    let look = |text: &str| parse_columns("t.csv".as_ref(), text.as_bytes(), &options()).unwrap();
    let found = look("name,age,city\nbob,3,\nann,,rome\n");
    assert_eq!(
        found,
        Columns { names: ["name", "age", "city"].map(String::from).into(), header: true, text: vec![0, 2] }
    );
    let found = look("1,2\n3,x\n");
    assert_eq!((found.names[1].as_str(), found.header, found.text), ("column 2", false, vec![1]));
    let empty = parse_columns("t.csv".as_ref(), &b""[..], &options()).unwrap_err().to_string();
    assert_eq!(empty, "t.csv: the file is empty");
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "1,2", "3,x", ""].join(end);
        assert!(problem(&text, &options()).starts_with("line 3, column `b`: "), "{end:?}");
        let good = good(&text.replace('x', "4"), &options());
        assert_eq!(good.data.x.to_vec(), [1.0, 2.0, 3.0, 4.0]);
    }
}
