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
    assert!(
        problem("<!DOCTYPE html>\n<p>404, not found</p>\n", &options()).starts_with("this is an HTML page")
    );
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
    let plain = |names: &[&str], header, rows, text: &[usize]| Columns {
        names: names.iter().map(|name| name.to_string()).collect(),
        header,
        rows,
        text: text.to_vec(),
        delimiter: ',',
        ..Columns::default()
    };
    assert_eq!(look("name,age,city\nbob,3,\nann,,rome\n"), plain(&["name", "age", "city"], true, 2, &[0, 2]));
    assert_eq!(look("1,2\n3,x\n"), plain(&["column 1", "column 2"], false, 2, &[1]));
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

#[test]
fn a_look_finds_what_is_strange_among_numbers() {
    let look = |text: &str| parse_columns("t.csv".as_ref(), text.as_bytes(), &options()).unwrap();
    let found = look("a,b,c\n1,2,x\n-,3,y\n2,T,x\n-,4,m\n");
    let stray = |column, values, text: &str, line, count| Stray {
        column,
        kind: Kind::Number,
        values,
        texts: vec![StrayText { text: text.into(), line, count }],
    };
    assert_eq!(found.strays, [stray(0, 2, "-", 3, 2), stray(1, 3, "T", 4, 1)]);
    assert_eq!((found.text, found.rows), (vec![2], 4));
    // The last row counts as well as the first, and a column of f and m is text.
    let long = "sex,n\n".to_owned() + &"f,1\n".repeat(3000) + "f,#DIV/0!\nm,2\n";
    let found = look(&long);
    assert_eq!((found.text, found.rows), (vec![0], 3002));
    assert_eq!((found.strays[0].texts[0].text.as_str(), found.strays[0].texts[0].line), ("#DIV/0!", 3002));
    let found = look("a,b\n\"1,5\",2\n\"2,5\",3\n");
    assert_eq!((found.text, found.commas), (vec![0], vec![0]));
}

#[test]
fn a_look_finds_the_sign_between_fields() {
    let better =
        |name: &str, text: &str| parse_columns(name.as_ref(), text.as_bytes(), &options()).unwrap().better;
    assert_eq!(better("t.csv", "a;b\n1,5;2\n3;4\n"), Some((';', true)));
    assert_eq!(better("t.csv", "1,5;2,5\n3,1;4,2\n"), Some((';', true)));
    assert_eq!(better("t.csv", "a\tb\n1\t2\n"), Some(('\t', false)));
    assert_eq!(better("t.tsv", "a,b\n1,2\n"), Some((',', false)));
    assert_eq!(better("t.csv", "  a   b\n 10   2\n  3  44\n"), Some((' ', false)));
    for plain in
        ["full name\nann lee\nbob ray\n", "a,b\n1,2\n", "a,b c\n1,2 3\n", "a\n1\n", "when,n\n1 2,x\n"]
    {
        assert_eq!(better("t.csv", plain), None, "{plain}");
    }
}

#[test]
fn truth_values_and_dates_are_numbers() {
    let table = good(
        "day,sold,rain\n2024-05-01,3,yes\n2024-05-03T12:00,4,No\n,5,\n",
        &TableOptions { impute: Impute::Zero, ..options() },
    );
    assert_eq!(table.data.x.to_vec(), [19844.0, 3.0, 1.0, 19846.5, 4.0, 0.0, 0.0, 5.0, 0.0]);
    assert_eq!(
        table.notes.iter().map(Note::to_string).collect::<Vec<_>>(),
        [
            "column `day` holds dates, read as days since the beginning of 1970",
            "column `rain` holds yes and no, read as 1 and 0",
        ]
    );
    // The values of a column are of one kind: T may be a trace of rain.
    assert_eq!(
        problem("rain\n1.5\nT\n", &options()),
        "line 3, column `rain`: \"T\" is not a number; leave the column out with `drop`"
    );
    assert!(problem("sex\nf\nm\n", &options()).contains("\"m\" is not a number"));
    assert!(problem("ok\nyes\n1\n", &options()).contains("\"1\" is neither yes nor no, as the values above"));
}

#[test]
fn decimal_commas_and_own_marks() {
    let comma = TableOptions { decimal: Some(','), missing: vec!["-".into(), "-999".into()], ..options() };
    let marked = TableOptions { impute: Impute::Zero, ..comma.clone() };
    let table = good("a;b\n1.234,5;-\n-999,0;2,5\n", &marked);
    assert_eq!(table.data.x.to_vec(), [1234.5, 0.0, 0.0, 2.5]);
    assert!(problem("a;b\n1,5;2.5\n", &comma).contains("\"2.5\" has a point, but commas were said to be"));
    assert_eq!(
        good("a\n\"1,234\"\n", &TableOptions { decimal: Some('.'), ..options() }).data.x.to_vec(),
        [1234.0]
    );
    let odd = TableOptions { decimal: Some(';'), ..options() };
    assert_eq!(problem("a\n1\n", &odd), "';' is no decimal sign; take a point or a comma");
}

#[test]
fn comments_and_the_line_of_a_spreadsheet() {
    let values = |text: &str| {
        let table = good(text, &options());
        (table.columns.join(" "), table.data.x.to_vec())
    };
    let wanted = ("a b".to_owned(), vec![1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values("# made by hand, in May\n#\na,b\n1,2\n# half\n3,4\n"), wanted);
    assert_eq!(values("# a,b\n1,2\n3,4\n# 5,6\n"), wanted, "as numpy writes a header");
    assert_eq!(values("#a,b\n1,2\n3,4\n"), wanted);
    assert_eq!(values("sep=;\na;b\n1;2\n3;4\n"), wanted);
    assert_eq!(values("\"sep=;\"\r\na;b\r\n1;2\r\n3;4\r\n"), wanted);
    let spaces = TableOptions { delimiter: Some(' '), ..options() };
    assert_eq!(good("# a b\n 1   2\n30 40\n", &spaces).columns, ["a", "b"]);
    assert!(good("a,b\n1,2\n# 3,4\n", &options()).notes[0].to_string().contains("the first in line 3"));
    // Lines are still counted, and what only begins with the sign is no comment.
    assert!(problem("sep=;\n# x\na;b\n1;x\n", &options()).starts_with("line 4, column `b`"));
    let colours = TableOptions { label: Some("colour".into()), ..options() };
    assert_eq!(good("colour,n\n#ff0000,1\n#00ff00,2\n", &colours).data.len(), 2);
    assert_eq!(good("a,b\n#N/A,1\n2,3\n", &TableOptions { impute: Impute::Zero, ..options() }).data.len(), 2);
    assert!(problem("a,b\n1,2\n#DIV/0!,1\n", &options()).contains("\"#DIV/0!\" is not a number"));
}

#[test]
fn texts_of_any_encoding() {
    let units: Vec<u8> = "\u{feff}größe,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, notes) in [(&units[..], 0), (b"gr\xf6\xdfe,b\n1,2\n", 1), ("größe,b\n1,2\n".as_bytes(), 0)]
    {
        let table = parse(Path::new("t.csv"), content, &options()).unwrap();
        assert_eq!((table.columns[0].as_str(), table.data.x.to_vec()), ("größe", vec![1.0, 2.0]));
        assert_eq!(table.notes.len(), notes, "{:?}", table.notes);
    }
}
