//! The reader's folder: a package with a program for each step, and a list of the steps that have passed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::step::Step;

/// A folder of programs, `tests/01_secant.rs` and so on.
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// The state of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As it came.
    Untouched,
    /// Edited, and not yet right.
    Begun,
    /// Right, and not changed since.
    Passed,
}

/// The package. It is a workspace of its own: what a reader leaves half-written is no concern of the project's.
const MANIFEST: &str = r#"# Made by `cargo run -p exercises`. An editor that is opened in this folder completes and checks as you type.
[package]
name = "my-exercises"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[features]
# The first steps need no library, and are checked without.
default = ["libraries"]
libraries = ["dep:autograd", "dep:nn"]

[dependencies]
autograd = { path = "{root}/crates/autograd", default-features = false, optional = true }
exercises = { path = "{root}/crates/exercises" }
nn = { path = "{root}/crates/nn", default-features = false, optional = true }

# A step with holes does not use all that it has.
[lints.rust]
unused = "allow"

[profile.dev]
debug = false

# Networks are trained here, so the kernels are optimized a little.
[profile.dev.package.autograd]
opt-level = 1
"#;

/// The line of the list that is no step.
const LIBRARIES: &str = "libraries";

impl Folder {
    /// The folder at `path`, made if it is not there, with all programs that are missing. Also says whether it is new.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn open(path: PathBuf, root: &Path, steps: &[Step]) -> io::Result<(Self, bool)> {
        let new = !path.join("Cargo.toml").exists();
        fs::create_dir_all(path.join("tests"))?;
        fs::create_dir_all(path.join("src"))?;
        let folder = Self { path };
        let manifest = || MANIFEST.replace("{root}", &root.display().to_string());
        folder.missing("Cargo.toml", || Ok(manifest()))?;
        folder.missing("src/lib.rs", || {
            Ok("// Nothing is here: the steps are in the folder `tests`.\n".to_owned())
        })?;
        // With the versions of the project nothing has to be looked up, and nothing downloaded that is there already.
        folder.missing("Cargo.lock", || fs::read_to_string(root.join("Cargo.lock")))?;
        for step in steps {
            folder.missing(&format!("tests/{}.rs", step.name), || Ok(step.stub()))?;
        }
        Ok((folder, new))
    }

    fn missing(&self, name: &str, content: impl FnOnce() -> io::Result<String>) -> io::Result<()> {
        let path = self.path.join(name);
        if path.exists() { Ok(()) } else { fs::write(path, content()?) }
    }

    /// The program of a step.
    pub(crate) fn program(&self, step: &Step) -> PathBuf {
        self.path.join("tests").join(format!("{}.rs", step.name))
    }

    /// Its text.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn text(&self, step: &Step) -> io::Result<String> {
        fs::read_to_string(self.program(step))
    }

    /// How far the reader is with it.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn state(&self, step: &Step) -> io::Result<State> {
        let text = self.text(step)?;
        let passed = self.passed()?.get(&step.name).is_some_and(|sum| *sum == fingerprint(&text));
        Ok(match () {
            () if passed => State::Passed,
            () if text == step.stub() => State::Untouched,
            () => State::Begun,
        })
    }

    /// Steps that have passed, each with the fingerprint of its program at that time.
    fn passed(&self) -> io::Result<BTreeMap<String, u64>> {
        let text = match fs::read_to_string(self.path.join("passed.txt")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        let entry = |line: &str| {
            let (name, sum) = line.split_once(' ')?;
            Some((name.to_owned(), u64::from_str_radix(sum, 16).ok()?))
        };
        Ok(text.lines().filter_map(entry).collect())
    }

    /// Notes that this text of a step has passed, or (without a text) that none has.
    ///
    /// # Errors
    /// If the list cannot be written.
    pub(crate) fn note(&self, step: &Step, text: Option<&str>) -> io::Result<()> {
        let mut passed = self.passed()?;
        match text {
            Some(text) => passed.insert(step.name.clone(), fingerprint(text)),
            None => passed.remove(&step.name),
        };
        self.write(&passed)
    }

    fn write(&self, passed: &BTreeMap<String, u64>) -> io::Result<()> {
        let lines: String = passed.iter().map(|(name, sum)| format!("{name} {sum:016x}\n")).collect();
        fs::write(self.path.join("passed.txt"), lines)
    }

    /// True if the libraries have been compiled here before.
    pub(crate) fn compiled(&self) -> bool {
        self.passed().is_ok_and(|passed| passed.contains_key(LIBRARIES))
    }

    /// Notes that they have.
    ///
    /// # Errors
    /// If the list cannot be written.
    pub(crate) fn note_compiled(&self) -> io::Result<()> {
        let mut passed = self.passed()?;
        passed.insert(LIBRARIES.to_owned(), 0);
        self.write(&passed)
    }

    /// The program as it came. The reader's stays beside it, with the ending `old`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn reset(&self, step: &Step) -> io::Result<PathBuf> {
        let (program, old) = (self.program(step), self.program(step).with_extension("rs.old"));
        fs::rename(&program, &old)?;
        fs::write(&program, step.stub())?;
        self.note(step, None)?;
        Ok(old)
    }
}

/// A number that is another one for (nearly) every other text: FNV-1a.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
