//! Against a server on this machine.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

/// MD5 of "0123456789" is 781e5e245d69b566979b86e28d23f2c7.
const CONTENT: &[u8] = b"0123456789";
const ONE: Collection = Collection {
    name: "one",
    url: "http://127.0.0.1:1",
    files: &[remote("digits", 10, "781e5e245d69b566979b86e28d23f2c7")],
};

/// How a server misbehaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Good,
    NoRanges,
    HangsUpAfter(usize),
    Missing,
    Redirects,
    Wrong,
}

/// A server for any number of requests, and the ranges that were asked for.
fn serve(manner: Manner) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/data/", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(vec![]));
    let ranges = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), manner, &ranges);
        }
    });
    (address, asked)
}

fn answer(mut stream: TcpStream, manner: Manner, asked: &Mutex<Vec<String>>) {
    let mut start = 0;
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    // Who was sent to https greets in another language, or hangs up.
    let Some(Ok(request)) = lines.next() else { return };
    assert!(request.starts_with("GET /data/digits "), "{request}");
    for line in lines.map_while(|line| line.ok().filter(|line| !line.is_empty())) {
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            asked.lock().unwrap().push(range.to_owned());
            start = range.trim_end_matches('-').parse().unwrap();
        }
    }
    // To this server itself: what is missing should be TLS, not a server.
    let secure = format!("302 Found\r\nLocation: https://{}/digits", stream.local_addr().unwrap());
    let (status, body) = match manner {
        Manner::Missing => ("404 Not Found", &b"no"[..]),
        Manner::Redirects => (secure.as_str(), &b""[..]),
        Manner::Wrong => ("200 OK", &b"9876543210"[..]),
        Manner::NoRanges => ("200 OK", CONTENT),
        _ => ("206 Partial Content", &CONTENT[start..]),
    };
    let sent = match manner {
        Manner::HangsUpAfter(bytes) => &body[..bytes.min(body.len())],
        _ => body,
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
        .unwrap();
    stream.write_all(sent).unwrap();
}

fn fetch(mirror: &str, folder: &Path) -> Result<Vec<u64>> {
    let mut seen = vec![];
    ONE.fetch(Some(mirror), folder, &mut |_, bytes| seen.push(bytes))?;
    assert_eq!(fs::read(folder.join("digits")).unwrap(), CONTENT);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing else is left");
    Ok(seen)
}

#[test]
fn a_file_arrives_once() {
    let folder = tempfile::tempdir().unwrap();
    let (server, asked) = serve(Manner::Good);
    assert_eq!(fetch(&server, folder.path()).unwrap().last(), Some(&10));
    assert_eq!(fetch(&server, folder.path()).unwrap(), [10], "it is there already");
    assert_eq!(*asked.lock().unwrap(), ["0-"]);
}

#[test]
fn an_interrupted_download_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, _) = serve(Manner::HangsUpAfter(4));
    let text = fetch(&bad, folder.path()).unwrap_err().to_string();
    assert!(
        text.contains("/data/digits: ") && text.ends_with("the same command goes on from here"),
        "{text}"
    );
    assert_eq!(fs::read(folder.path().join("digits.part")).unwrap(), b"0123");
    let (good, asked) = serve(Manner::Good);
    assert_eq!(fetch(&good, folder.path()).unwrap()[0], 4);
    assert_eq!(*asked.lock().unwrap(), ["4-"]);
}

#[test]
fn a_server_without_ranges_sends_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("digits.part"), "junk").unwrap();
    assert_eq!(fetch(&serve(Manner::NoRanges).0, folder.path()).unwrap()[0], 0);
    // A part that is longer than the file is no part of it.
    fs::remove_file(folder.path().join("digits")).unwrap();
    fs::write(folder.path().join("digits.part"), "much longer than it should be").unwrap();
    assert_eq!(fetch(&serve(Manner::Good).0, folder.path()).unwrap()[0], 0);
}

#[test]
fn what_is_wrong_is_said_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let problem = |mirror: &str| fetch(mirror, folder.path()).unwrap_err().to_string();
    assert!(problem(&serve(Manner::Missing).0).contains("the server answers 404"));
    assert!(problem(&serve(Manner::Wrong).0).contains("not the file that was published"));
    assert!(problem("example.org/mnist").contains("write http://SERVER/FOLDER"));
    let redirected = problem(&serve(Manner::Redirects).0);
    let secure = problem("https://127.0.0.1:1");
    match cfg!(feature = "https") {
        true => assert!(secure.starts_with("cannot fetch https://127.0.0.1:1/digits: "), "{secure}"),
        false => {
            assert!(secure.contains("this zoo was built without https"), "{secure}");
            assert!(redirected.contains("the server sends to https"), "{redirected}");
        }
    }
    assert!(problem("http://127.0.0.1:1").starts_with("cannot fetch http://127.0.0.1:1/digits: "));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Whoever speaks no TLS is not taken for the server that was meant.
#[cfg(feature = "https")]
#[test]
fn a_server_without_tls_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789").unwrap();
    });
    let problem = fetch(&address, folder.path()).unwrap_err().to_string();
    assert!(problem.starts_with(&format!("cannot fetch {address}/digits: ")), "{problem}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
