//! The corpus: every way we know to spell a path that leaves the root.

use std::collections::BTreeSet;

/// "One level up", in plain, escaped, doubly escaped, overlong and look-alike letters.
const UP: [&str; 30] = [
    "..",
    ".%2e",
    "%2e.",
    "%2e%2e",
    "%2E%2E",
    "%2e%2E",
    "%252e%252e",
    "%25%32%65%25%32%65",
    "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%c0%2e%c0%2e",
    "%uff0e%uff0e",
    "%u002e%u002e",
    "%ef%bc%8e%ef%bc%8e",
    "\u{ff0e}\u{ff0e}",
    "%e2%80%a5",
    "..;",
    "..;x=y",
    "..%00",
    "..%0a",
    "..%0d%0a",
    "..%09",
    "..%20",
    "..%3f",
    "..%23",
    "...",
    "....",
    ".././..",
    "..%2e",
];

/// What separates the levels.
const SLASH: [&str; 15] = [
    "/",
    "//",
    "/./",
    "%2f",
    "%2F",
    "%252f",
    "%c0%af",
    "%e0%80%af",
    "\\",
    "%5c",
    "%255c",
    "%c1%9c",
    "%u2215",
    "%ef%bc%8f",
    "/%2e/",
];

/// Where the way begins.
const START: [&str; 10] = [
    "/",
    "//",
    "/sub/",
    "/sub/deep/",
    "/index.html/",
    "/link/",
    "/missing/",
    "/.well-known/",
    "/./",
    "/%2e/",
];

/// What is wanted.
const WANTED: [&str; 5] = [
    "secret.txt",
    "root/../secret.txt",
    "secret.txt%00.html",
    "secret.txt?x",
    "etc/passwd",
];

/// All spellings, also those of the secret's absolute path.
pub fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let mut all = BTreeSet::new();
    for (place, up) in UP.iter().enumerate() {
        for (turn, slash) in SLASH.iter().enumerate() {
            // Not the whole product: each pair with each start and each wish at least once.
            let start = START[(place + turn) % START.len()];
            for levels in [1, 2, 3, 9] {
                let wanted = WANTED[(place + turn + levels) % WANTED.len()];
                let way = format!("{up}{slash}").repeat(levels);
                all.insert(format!("{start}{way}{wanted}").into_bytes());
                all.insert(format!("/{way}secret.txt").into_bytes());
                all.insert(format!("/sub/deep/{way}secret.txt").into_bytes());
            }
        }
    }
    all.extend(absolute(secret));
    all.extend(odd_targets());
    all.into_iter().collect()
}

/// The absolute path, where something might take it for one.
fn absolute(secret: &str) -> impl Iterator<Item = Vec<u8>> {
    let escaped = secret.replace('/', "%2f");
    let twice = secret.replace('/', "%252f");
    let back = secret.replace('/', "\\");
    let ways = [
        secret.to_owned(),
        format!("/{secret}"),
        format!("//{secret}"),
        format!("/.{secret}"),
        format!("/{escaped}"),
        format!("/{twice}"),
        format!("/{back}"),
        format!("/sub/{escaped}"),
        format!("/sub/{secret}"),
        format!("/file:{secret}"),
        format!("/file%3a%2f%2f{escaped}"),
        format!("/proc/self/root{secret}"),
        format!("/proc/self/cwd/..{secret}"),
        format!("/dev/fd/0{secret}"),
        "//etc/passwd".to_owned(),
        "/%2fetc%2fpasswd".to_owned(),
        "/proc/self/environ".to_owned(),
        "/~root/".to_owned(),
        "/sub/.secret.txt".to_owned(),
        "/sub/%2esecret.txt".to_owned(),
        "/sub/./.secret.txt".to_owned(),
        "/sub/deep/../.secret.txt".to_owned(),
        "/sub/deep/..%2f%2esecret.txt".to_owned(),
    ];
    ways.into_iter().map(String::into_bytes)
}

/// Targets in other forms and raw bytes.
fn odd_targets() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "http://localhost/../secret.txt",
        "http://localhost/..%2fsecret.txt",
        "http://localhost/sub/../../secret.txt",
        "http://localhost/%2e%2e/%2e%2e/secret.txt",
        "http://localhost",
        "http://../secret.txt",
        "file:///etc/passwd",
        "../secret.txt",
        "..",
        ".",
        "secret.txt",
        "\\..\\secret.txt",
        "/..",
        "/../",
        "/..%5c",
        "/sub/..",
        "/sub/../..",
        "/sub/../../",
        "/link/..",
        "/link/../..",
        "/link/../../secret.txt",
        "/?/../../secret.txt",
        "/sub?../../secret.txt",
        "/#/../../secret.txt",
        "/;/../../secret.txt",
        "/C:/secret.txt",
        "/c:%5csecret.txt",
    ]
    .map(|target| target.as_bytes().to_vec())
    .into();
    all.push(b"/\xc0\xae\xc0\xae/secret.txt".to_vec());
    all.push(b"/\xc0\xae\xc0\xae\xc0\xafsecret.txt".to_vec());
    all.push(b"/\xff\xfe/../../secret.txt".to_vec());
    all
}
