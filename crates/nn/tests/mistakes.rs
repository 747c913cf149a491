//! The page of mistakes in the book (docs/src/mistakes.md): every listing fails, with the message that is printed there.
//!
//! Those that end in a panic become one program, compiled with the libraries beside this test and run: what it says is
//! compared letter by letter. Those that do not compile are compiled one by one: the lines of the page have to stand in
//! what the compiler says, in their order, and its error has the code that the listing announces.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Mistake {
    title: String,
    /// The words after the opening fence of the listing.
    kind: String,
    code: String,
    message: String,
}

/// The listing and the message under every heading of the third level.
fn mistakes() -> Vec<Mistake> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/mistakes.md");
    let text = fs::read_to_string(page).unwrap();
    let sections = text.split("\n### ").skip(1);
    let parsed = sections.map(|section| {
        let (title, rest) = section.split_once('\n').unwrap();
        let mut blocks = rest.split("\n```").collect::<Vec<_>>().into_iter().skip(1).step_by(2);
        let mut block = || blocks.next().and_then(|block| block.split_once('\n')).expect("a block");
        let ((kind, code), (text, message)) = (block(), block());
        assert_eq!(text, "text", "{title}: after the listing comes its message");
        Mistake { title: title.into(), kind: kind.into(), code: code.into(), message: message.into() }
    });
    parsed.collect()
}

/// The compiler that made this test.
fn rustc() -> PathBuf {
    let beside = Path::new(env!("CARGO")).with_file_name("rustc");
    if beside.exists() { beside } else { "rustc".into() }
}

/// The libraries beside this test with this name, the newest first.
fn libraries(deps: &Path, name: &str) -> Vec<PathBuf> {
    let begins = format!("lib{name}-");
    let is_one = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        file.starts_with(&begins) && file.ends_with(".rlib")
    };
    let paths = fs::read_dir(deps).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths.filter(is_one).collect();
    found.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    found.reverse();
    found
}

/// A compiler with the two libraries at hand.
struct Compiler {
    deps: PathBuf,
    autograd: PathBuf,
    nn: PathBuf,
}

impl Compiler {
    /// The newest pair of libraries that belong together: builds with other settings may lie beside each other.
    fn find(folder: &Path) -> Self {
        let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        for nn in libraries(&deps, "nn") {
            for autograd in libraries(&deps, "autograd") {
                let compiler = Compiler { deps: deps.clone(), autograd, nn: nn.clone() };
                let both = "fn main() { let x = autograd::Tensor::<f64>::ones([1]); \
                            nn::optim::clip::by_norm(&mut x.clone(), 1.0).unwrap(); }";
                if compiler.run(folder, both, &["--emit=metadata"]).status.success() {
                    return compiler;
                }
            }
        }
        panic!("there are no libraries in {}", deps.display());
    }

    fn run(&self, folder: &Path, program: &str, flags: &[&str]) -> Output {
        let source = folder.join("program.rs");
        fs::write(&source, program).unwrap();
        let library = |name: &str, path: &Path| format!("{name}={}", path.display());
        Command::new(rustc())
            .args(["--edition=2024", "--crate-name=program", "--cap-lints=allow"])
            .arg("-L")
            .arg(library("dependency", &self.deps))
            .args(["--extern", &library("autograd", &self.autograd), "--extern", &library("nn", &self.nn)])
            .args(flags)
            .arg("-o")
            .arg(folder.join("program"))
            .arg(&source)
            .output()
            .unwrap()
    }
}

/// The message of each of these when it panics, in their order.
fn panics(compiler: &Compiler, folder: &Path, listings: &[&Mistake]) -> Vec<String> {
    let functions = listings.iter().enumerate().map(|(i, mistake)| {
        format!("#[allow(unused_must_use)]\nfn mistake_{i}() {{\n{}\n;}}\n", mistake.code)
    });
    let names: Vec<String> = (0..listings.len()).map(|i| format!("mistake_{i}")).collect();
    let program = format!(
        "{}fn main() {{\n\
         std::panic::set_hook(Box::new(|info| print!(\"{{}}\\0\", info.payload_as_str().unwrap_or(\"\"))));\n\
         let all: &[fn()] = &[{}];\n\
         for mistake in all {{ assert!(std::panic::catch_unwind(mistake).is_err(), \"no panic\"); }}\n}}",
        functions.collect::<String>(),
        names.join(", ")
    );
    let compiled = compiler.run(folder, &program, &[]);
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let printed = Command::new(folder.join("program")).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    printed.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn every_mistake_says_what_the_book_says() {
    let mistakes = mistakes();
    assert_eq!(mistakes.len(), 20);
    for (i, mistake) in mistakes.iter().enumerate() {
        assert!(
            mistake.title.starts_with(&format!("{}. ", i + 1)),
            "{} should have number {}",
            mistake.title,
            i + 1
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let compiler = Compiler::find(folder.path());
    let mut wrong = vec![];

    let running: Vec<&Mistake> =
        mistakes.iter().filter(|mistake| mistake.kind == "rust,should_panic").collect();
    let said = panics(&compiler, folder.path(), &running);
    assert_eq!(said.len(), running.len(), "one message for each: {said:?}");
    for (mistake, said) in running.iter().zip(said) {
        if said != mistake.message {
            wrong.push(format!("{} says\n{said}\n", mistake.title));
        }
    }

    for mistake in mistakes.iter().filter(|mistake| mistake.kind != "rust,should_panic") {
        let code = mistake.kind.strip_prefix("rust,compile_fail").expect("a listing that fails");
        let program = format!("fn main() {{\n{}\n}}", mistake.code);
        let out = compiler.run(folder.path(), &program, &["--emit=metadata"]);
        let said = String::from_utf8(out.stderr).unwrap();
        let announced = match code.strip_prefix(',') {
            Some(code) => format!("error[{code}]: "),
            None => "error: ".to_owned(),
        };
        let mut rest = said.as_str();
        let in_order = mistake.message.lines().all(|line| match rest.split_once(line.trim()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        });
        if out.status.success() || !said.starts_with(&announced) || !in_order {
            wrong.push(format!("{} says\n{said}\n", mistake.title));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
