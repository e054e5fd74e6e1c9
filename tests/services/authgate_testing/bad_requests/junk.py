"""What stands where something else should: by the place it is for."""

ANYWHERE: tuple[bytes, ...] = (
    b"", b" ", b"\0", b"\x01\x02\x7f", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"%", b"%zz", b"%00", b"%ff%fe", b"%ed%a0%80", b"%u0041", b"..", b"//", b"\\", b";", b"&",
    b"=", b"'\"><script>", b"{{7*7}}", b"${jndi:ldap://x}", b"' OR 1=1--", b"../../etc/passwd",
    b"\r\nX-Planted: 1", b"9" * 400, b"-1", b"1e400", b"NaN", b"null", b"a" * 600, b"\t",
    b"eyJhbGciOiJub25lIn0..", "\u202e\u2028\U0001f600".encode(), "ﬁ".encode("utf-16"),
    b"$argon2id$v=19$", b"\x1b[31m",
)  # fmt: skip

METHODS = (
    b"", b"G ET", b"get", b"BREW", b"TRACE", b"CONNECT", b"OPTIONS", b"PRI", b"PUT", b"DELETE",
    b"PATCH", b"HEAD", b"M" * 300, b"\xff", b"GET\0", b"(GET)", b"POST\r\n", b"PROPFIND",
)  # fmt: skip
VERSIONS = (
    b"", b"HTTP/0.9", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/2", b"HTTP/2.0", b"HTTP/3.0",
    b"HTTP/9.9", b"http/1.1", b"HTTP/1,1", b"HTTP/-1.1", b"HTTPS/1.1", b"HTTP/1.1 x",
    b"HTCPCP/1.0", b"HTTP/\xff.1", b"RTSP/1.0",
)  # fmt: skip
CODINGS = (
    b"xchunked", b"gzip, chunked", b"chunked, identity", b"identity", b"CHUNKED", b"chunked\x0b",
    b"", b"chunked, chunked", b"\xff", b"gzip", b"chunked;q=0",
)  # fmt: skip
LENGTHS = (
    b"+5", b"-1", b"0x5", b"5, 6", b"5 5", b"", b"1e3", b"99999999999999999999", b"\xb2", b"5\0",
    b"1_0", b" 5", b"05",
)  # fmt: skip
CHUNKS = (
    b"nonsense\r\n", b"-1\r\n\r\n", b"5\r\nabc", b"ffffffffffffffff1\r\n",
    b"0x5\r\nabcde\r\n0\r\n\r\n", b"5;" + b"x" * 9000 + b"\r\nabcde\r\n0\r\n\r\n",
    b"5\nabcde\n0\n\n", b" 5\r\nabcde\r\n0\r\n\r\n", b"1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n",
    b"3\r\nabcdef\r\n0\r\n\r\n", b"\r\n\r\n", b"0\r\nX: a", b"0\r\n\xff\r\n\r\n",
    b"1\r\na\r\n" * 40, b"00000000000000000005\r\nabcde\r\n0\r\n\r\n",
)  # fmt: skip
TYPES = (
    b"", b"application/json", b"text/plain", b"multipart/form-data",
    b"multipart/form-data; boundary=", b"multipart/form-data; boundary=x",
    b"multipart/form-data; boundary=" + b"y" * 300,
    b"application/x-www-form-urlencoded; charset=utf-7",
    b"application/x-www-form-urlencoded; charset",
    b"application/x-www-form-urlencoded; charset=\"",
    b"application/x-www-form-urlencoded; charset=x",
    b"application/x-www-form-urlencoded; charset=utf-16", b"APPLICATION/JSON; charset=utf-8",
    b"application/json; charset=utf-32", b"\xff/\xff", b";;;", b"a/b; " + b"c=d; " * 300,
    b"application/octet-stream", b"application/xml",
)  # fmt: skip
DOCUMENTS = (
    b"[" * 20_000, b'{"a":' * 9_000, b'{"client_id": NaN}', b'{"client_id": 1e400}', b"{", b"null",
    b'{"client_id": "a", "client_id": "b"}', b'{"client_id": ' + b"9" * 5_000 + b"}", b'"\\ud800"',
    b'{"client_id": "\\ud800"}', b'{"client_id": ["a"]}', b'{"client_id": {"a": {}}}', b"[]",
    b"\xff", b'{"\\u0000": "\\u0000"}', '{"client_id": "a"}'.encode("utf-16"), b"\xef\xbb\xbf{}",
    b"true",
)  # fmt: skip
CREDENTIALS = (
    b"", b"Basic", b"Basic ", b"Basic !!!!", b"Basic Og==", b"Basic YQ==", b"Basic /////w==",
    b"Basic " + b"QUFB" * 900, b"Basic YTpi\xff", b"basic YTpi", b"Bearer", b"Bearer ",
    b"Bearer a.b.c", b"Bearer " + b"a" * 9_000, b"Bearer eyJhbGciOiJub25lIn0.e30.",
    b"Bearer eyJraWQiOiIuLi8uLi94In0.e30.x", b"Bearer \xff\xfe",
    b"Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6MX0.W10.x", b"Bearer ....", b"Digest username=\"a\"",
    b"DPoP a", b"\0", b"Basic JTAwOiUwMA==", b"Basic JWZmOiVmZg==", b"Negotiate TlRMTVNTUAAB",
    b"Bearer W10.W10.W10", b"Bearer bnVsbA.bnVsbA.",
)  # fmt: skip
COOKIES = (
    b"", b"=", b";", b"a", b"authgate_session", b"authgate_session=", b"authgate_session=\xff\xfe",
    b"authgate_session=" + b"a" * 6_000, b"authgate_session=a; authgate_session=b", b"; ; ;=;=",
    b"authgate_session=../x", b"theme=\0", b"theme=dark; " * 300, b"authgate_presession=%00",
    b"authgate_known=AAAA", b"authgate_login=AAAA", b"\"", b"authgate_session=\"a\\\"b\"",
    b"__Host-a=b",
)  # fmt: skip
HOSTS = (
    b"", b"evil.test", b"localhost", b"localhost:", b"localhost:99999", b"[::1", b"[::1]:80",
    b"a b", b"x" * 300, b"\xff", b"LOCALHOST:8080", b"localhost:8080.", b"user@localhost:8080",
    b"%6cocalhost", b"localhost:8080/", b"localhost:8080#", b"127.1", b"xn--a", b"..", b"a,b",
    b"\x01",
)  # fmt: skip
