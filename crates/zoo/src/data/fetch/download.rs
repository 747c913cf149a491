//! Downloads, as a server sends them.

#[cfg(feature = "https")]
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
#[cfg(feature = "https")]
use std::path::PathBuf;

use md5::{Digest, Md5};
use nn::{Error, Result};

use super::{Collection, Remote};

impl Collection {
    /// Downloads what is missing into a folder, from the server that publishes the data set or from a
    /// mirror, a folder in which the files have the same names. `progress` is told the file, the bytes that
    /// are there and all its bytes.
    ///
    /// # Errors
    /// If a file cannot be downloaded, is not what it should be, or cannot be written. What has arrived of
    /// a file stays, under a name that ends in `.part`, for the next attempt.
    pub fn fetch(
        &self,
        mirror: Option<&str>,
        folder: &Path,
        progress: &mut dyn FnMut(&Remote, u64),
    ) -> Result<()> {
        let server = mirror.unwrap_or(self.url).trim_end_matches('/');
        match server.split_once("://") {
            Some(("http", _)) => {}
            Some(("https", _)) if cfg!(feature = "https") => {}
            Some(("https", _)) => {
                return Err(Error::unsupported(format!(
                    "{server}: this zoo was built without https (`cargo install --path crates/zoo --features \
                     https` builds it in); http:// is no less safe here, because every file is checked by \
                     its sum"
                )));
            }
            _ => {
                return Err(Error::setting(
                    "mirror",
                    format!("{server}: this is no server that can be asked; write http://SERVER/FOLDER"),
                ));
            }
        }
        let agent = agent()?;
        fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
        self.files.iter().try_for_each(|file| file.fetch(&agent, server, folder, progress))
    }
}
impl Remote {
    fn fetch(
        &self,
        agent: &ureq::Agent,
        server: &str,
        folder: &Path,
        progress: &mut dyn FnMut(&Remote, u64),
    ) -> Result<()> {
        let path = folder.join(self.name);
        if path.is_file() && self.is(&path)? {
            progress(self, self.bytes);
            return Ok(());
        }
        let part = folder.join(format!("{}.part", self.name));
        let there = fs::metadata(&part).map_or(0, |about| about.len());
        // A part that is too long is none.
        let there = if there < self.bytes { there } else { 0 };
        self.download(agent, &format!("{server}/{}", self.name), &part, there, progress)?;
        if !self.is(&part)? {
            let _ = fs::remove_file(&part);
            return Err(Error::data(format!(
                "{server}/{}: what arrived is not the file that was published (its MD5 sum is another); try \
                 again, or another --mirror",
                self.name
            )));
        }
        fs::rename(&part, &path).map_err(|error| Error::io("write", &path, error))
    }

    /// Appends to a part of which so many bytes are there.
    fn download(
        &self,
        agent: &ureq::Agent,
        url: &str,
        part: &Path,
        there: u64,
        progress: &mut dyn FnMut(&Remote, u64),
    ) -> Result<()> {
        let failed = |problem: String| {
            Error::data(format!("cannot fetch {url}: {problem}; the same command goes on from here"))
        };
        let request = agent.get(url).header("Range", format!("bytes={there}-"));
        let response = request.call().map_err(|error| {
            failed(match error {
                ureq::Error::TlsRequired => {
                    "the server sends to https, and this zoo was built without (--features https)".into()
                }
                error => error.to_string(),
            })
        })?;
        // A server that knows no ranges sends the whole file.
        let mut done = match response.status().as_u16() {
            206 => there,
            200 => 0,
            status => return Err(failed(format!("the server answers {status}"))),
        };
        let refused = |error| Error::io("write", part, error);
        let file =
            OpenOptions::new().create(true).append(done > 0).write(true).truncate(done == 0).open(part);
        let mut file = file.map_err(refused)?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        progress(self, done);
        while done < self.bytes {
            let read = body.read(&mut buffer).map_err(|error| failed(error.to_string()))?;
            if read == 0 {
                return Err(failed(format!("the connection ended after {done} of {} bytes", self.bytes)));
            }
            file.write_all(&buffer[..read]).map_err(refused)?;
            done += read as u64;
            progress(self, done.min(self.bytes));
        }
        file.sync_all().map_err(refused)
    }

    /// Whether a file has the sum.
    fn is(&self, path: &Path) -> Result<bool> {
        let refused = |error| Error::io("read", path, error);
        let mut file = File::open(path).map_err(refused)?;
        let mut sum = Md5::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer).map_err(refused)? {
                0 => break,
                read => sum.update(&buffer[..read]),
            }
        }
        let digits: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(digits == self.md5)
    }
}

/// The client that asks servers, through a proxy if `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` names one.
fn agent() -> Result<ureq::Agent> {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    #[cfg(feature = "https")]
    let config = config.tls_config(trusted()?);
    Ok(ureq::Agent::from(config.build()))
}

/// Mozilla's certificates, or those in the file that `SSL_CERT_FILE` names, as a company may have its own.
#[cfg(feature = "https")]
fn trusted() -> Result<ureq::tls::TlsConfig> {
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

    let Some(path) = env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(TlsConfig::default());
    };
    let content = fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
    let mut certificates = vec![];
    for item in parse_pem(&content) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(Error::file(&path, format!("these are no certificates: {error}"))),
        }
    }
    match certificates.is_empty() {
        true => Err(Error::file(&path, "there is no certificate in it, though SSL_CERT_FILE names it")),
        false => Ok(TlsConfig::builder().root_certs(RootCerts::from(certificates)).build()),
    }
}
