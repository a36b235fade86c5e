//! The rules of a site: hosts, headers, redirects, single-page applications, compressed variants.

use crate::support::{Folder, Program, Reply, Start, Tallyd};

fn configured(folder: &Folder, config: &str) -> Tallyd {
    let text = format!("root = \"root\"\nlisten = [\"127.0.0.1:0\"]\n{config}");
    let file = folder.file("tallyd.toml", text.as_bytes());
    Start::bare().arg("-c").arg(file).start()
}

fn get_with(server: &Tallyd, target: &str, fields: &str) -> Reply {
    server.ask(format!(
        "GET {target} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n"
    ))
}

#[test]
fn the_host_decides_which_site_answers() {
    let folder = Folder::new();
    for site in ["root", "files", "other"] {
        folder.file(format!("{site}/index.html"), site.as_bytes());
    }
    folder.file("files/sub/a.txt", b"a");
    let server = configured(
        &folder,
        "[hosts]\n\"other.example\" = \"other\"\n[hosts.\"files.example\"]\nroot = \"files\"\nlisting = true\n",
    );
    for (host, expected) in [
        ("localhost", "root"),
        ("files.example", "files"),
        ("FILES.example:8080", "files"),
        ("other.example", "other"),
        ("unknown.example", "root"),
    ] {
        let page = Program::curl(&["--header", &format!("Host: {host}"), &server.url("/")]);
        assert_eq!(page.output(), expected, "{host}");
    }
    assert_eq!(
        get_with(&server, "/sub/", "Host: files.example\r\n").status,
        200
    );
    assert_eq!(
        get_with(&server, "/sub/", "Host: other.example\r\n").status,
        404
    );
    server.stop();
}

#[test]
fn headers_and_cache_control_go_by_glob() {
    let folder = Folder::new();
    for name in ["index.html", "assets/app.js", "assets/deep/app.css"] {
        folder.file(format!("root/{name}"), name.as_bytes());
    }
    let server = configured(
        &folder,
        "[headers]\n\"/**\" = [\"X-Content-Type-Options: nosniff\", \"X-Second: 2\"]\n\
         \"*.css\" = \"X-Style: yes\"\n[cache-control]\n\
         \"/assets/**\" = \"public, max-age=31536000, immutable\"\n\"*.html\" = \"no-cache\"\n",
    );
    let forever = Some("public, max-age=31536000, immutable");
    for (target, cache, style) in [
        ("/", Some("no-cache"), None),
        ("/assets/app.js", forever, None),
        ("/assets/deep/app.css", forever, Some("yes")),
    ] {
        let reply = server.get(target);
        assert_eq!(reply.field("Cache-Control"), cache, "{target}");
        assert_eq!(reply.field("X-Style"), style, "{target}");
        assert_eq!(reply.field("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(reply.field("X-Second"), Some("2"));
    }
    server.stop();
}

#[test]
fn what_has_moved_is_redirected_and_curl_arrives() {
    let folder = Folder::new();
    folder.file("root/new/page.html", b"the new page");
    let server = configured(
        &folder,
        "[redirects]\n\"/old/*\" = \"/new/*\"\n\"/page\" = \"302 /new/page.html\"\n\
         \"/shop\" = \"307 https://shop.example/\"\n",
    );
    for (target, status, location) in [
        ("/old/page.html", 301, "/new/page.html"),
        ("/page", 302, "/new/page.html"),
        ("/shop", 307, "https://shop.example/"),
        ("/new", 301, "/new/"),
    ] {
        let reply = server.get(target);
        assert_eq!(
            (reply.status, reply.field("Location")),
            (status, Some(location))
        );
    }
    let page = Program::curl(&["--location", &server.url("/old/page.html")]).output();
    assert_eq!(page, "the new page");
    server.stop();
}

#[test]
fn a_single_page_application_answers_its_own_paths() {
    let folder = Folder::new();
    folder.file("root/index.html", b"the application");
    folder.file("root/app.js", b"its script");
    let server = configured(&folder, "spa = true\n");
    for (target, expected) in [
        ("/", "the application"),
        ("/users/7/edit", "the application"),
        ("/app.js", "its script"),
    ] {
        let reply = server.get(target);
        assert_eq!(
            (reply.status, reply.text()),
            (200, expected.to_owned()),
            "{target}"
        );
    }
    server.stop();
}

#[test]
fn each_variant_has_its_own_etag_and_varies() {
    let folder = Folder::new();
    let encodings = [("br", "br"), ("zst", "zstd"), ("gz", "gzip")];
    folder.file("root/app.css", b"plain");
    for (suffix, _) in encodings {
        folder.file(
            format!("root/app.css.{suffix}"),
            format!("as {suffix}").as_bytes(),
        );
    }
    let server = configured(&folder, "");
    let mut etags = Vec::new();
    for (accept, encoding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "as br"),
        ("zstd, gzip", Some("zstd"), "as zst"),
        ("gzip", Some("gzip"), "as gz"),
        ("br;q=0, gzip;q=0", None, "plain"),
    ] {
        let fields = format!("Host: a\r\nAccept-Encoding: {accept}\r\n");
        let reply = get_with(&server, "/app.css", &fields);
        assert_eq!(reply.field("Content-Encoding"), encoding, "{accept}");
        assert_eq!(reply.text(), body, "{accept}");
        assert_eq!(reply.field("Vary"), Some("Accept-Encoding"));
        let css = Some("text/css; charset=utf-8");
        assert_eq!(reply.field("Content-Type"), css);
        etags.push(reply.field("ETag").expect("an etag").to_owned());
        let again = format!("{fields}If-None-Match: {}\r\n", etags.last().unwrap());
        assert_eq!(
            get_with(&server, "/app.css", &again).status,
            304,
            "{accept}"
        );
    }
    etags.sort_unstable();
    etags.dedup();
    assert_eq!(etags.len(), 4, "two variants share an etag");
    assert!(
        server
            .hits(4)
            .iter()
            .all(|line| line.starts_with("/app.css|"))
    );
    server.stop();
}

#[test]
fn curl_unpacks_what_gzip_packed() {
    let folder = Folder::new();
    let text = "the same line again and again\n".repeat(1000);
    let file = folder.file("root/large.txt", text.as_bytes());
    Program::new("gzip")
        .args(&["--keep", "--best"])
        .arg(&file)
        .output();
    let server = configured(&folder, "");
    let args = [
        "--compressed",
        "--output",
        "copy.txt",
        "--write-out",
        "%{size_download}",
    ];
    let taken = Program::curl(&args)
        .within(folder.path())
        .arg(server.url("/large.txt"))
        .output();
    assert_eq!(
        std::fs::read_to_string(folder.join("copy.txt")).unwrap(),
        text
    );
    let taken: usize = taken.trim().parse().unwrap();
    assert!(
        taken < text.len() / 10,
        "{taken} bytes: it was not compressed"
    );
    server.stop();
}
