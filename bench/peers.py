"""The other servers of files, each with what suits static files best, one worker, and no access log.

Promises: one configuration for all cases. Connections are ended neither by a count nor by a clock, directories are
listed, nothing is compressed. Knows nothing of load or of results.
"""

import os

import servers
import tools

LIGHTTPD = """
server.document-root = "{site}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{place}/lighttpd.err"
server.modules = ("mod_dirlisting")
dir-listing.activate = "enable"
# Without a type it sends neither ETag nor Last-Modified.
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", "" => "application/octet-stream")
# It allows half as many connections.
server.max-fds = {files}
server.max-connections = {connections}
# The most it can be told.
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 3600
server.defer-accept = 1
"""

H2O = """
{user}
num-threads: 1
num-name-resolution-threads: 1
max-connections: {connections}
# Also the time that a connection may be idle.
http1-request-timeout: 3600
error-log: {place}/h2o.err
file.dirlisting: ON
listen: {{ host: 127.0.0.1, port: {port} }}
hosts:
  default:
    paths:
      "/": {{ file.dir: "{site}" }}
"""

CADDY = """
{{
	admin off
	auto_https off
	log {{
		output discard
	}}
	servers {{
		timeouts {{
			idle 1h
		}}
	}}
}}
http://:{port} {{
	bind 127.0.0.1
	root * {site}
	file_server browse
}}
"""

# Its modules are those that this needs, not Debian's twenty. FollowSymLinks and no .htaccess: else it looks at every
# directory of a path for each request.
APACHE = """
ServerRoot {place}
ServerName localhost
Listen 127.0.0.1:{port}
ListenBacklog 1024
PidFile {place}/apache.pid
DefaultRuntimeDir {place}
ErrorLog {place}/apache.err
LogLevel crit
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule autoindex_module {modules}/mod_autoindex.so
TypesConfig /dev/null
AddType text/html html
AddType application/octet-stream bin
StartServers 1
ServerLimit 1
# When all of its threads are busy it closes connections that are kept: twice as many as there is load.
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 128
MinSpareThreads 1
MaxSpareThreads 128
AsyncRequestWorkerFactor 200
KeepAlive On
KeepAliveTimeout 3600
MaxKeepAliveRequests 0
EnableSendfile On
DocumentRoot {site}
<Directory />
AllowOverride None
Options FollowSymLinks Indexes
Require all granted
</Directory>
"""


def lighttpd(core, place, site):
    port = tools.free_port()
    most = servers.MOST_CONNECTIONS
    config = written(place / "lighttpd.conf", LIGHTTPD, place, site, port, files=2 * most)
    return servers.Server(core, [tools.find("lighttpd"), "-D", "-f", config], port)


def h2o(core, place, site):
    port = tools.free_port()
    # As root it becomes nobody if it isn't told to stay; others must not tell it anything.
    user = "user: root" if os.geteuid() == 0 else ""
    config = written(place / "h2o.conf", H2O, place, site, port, user=user)
    return servers.Server(core, [tools.find("h2o"), "-m", "worker", "-c", config], port)


def caddy(core, place, site):
    port = tools.free_port()
    config = written(place / "Caddyfile", CADDY, place, site, port)
    # It keeps things in the home directory otherwise.
    homes = {"XDG_CONFIG_HOME": str(place / "caddy"), "XDG_DATA_HOME": str(place / "caddy")}
    command = [tools.find("caddy"), "run", "--config", config, "--adapter", "caddyfile"]
    return servers.Server(core, command, port, env=homes)


def apache(core, place, site):
    port = tools.free_port()
    # It refuses to serve as root.
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    config = written(place / "apache.conf", APACHE, place, site, port, user=user, modules="/usr/lib/apache2/modules")
    return servers.Server(core, [tools.find("apache2"), "-f", config, "-DFOREGROUND"], port)


def static_web_server(core, binary, site):
    """It has as many threads as it may use cores: one."""
    port = tools.free_port()
    command = [binary, "--host", "127.0.0.1", "--port", port, "--root", site, "--threads-multiplier", 1]
    command += ["--log-level", "error", "--cache-control-headers", "false", "--directory-listing", "true"]
    return servers.Server(core, command, port)


def floor(core, binary, file):
    """Answers everything with one file."""
    port = tools.free_port()
    return servers.Server(core, [binary, f"127.0.0.1:{port}", file], port)


def written(config, text, place, site, port, **more):
    """The configuration as a file."""
    config.write_text(text.format(place=place, site=site, port=port, connections=servers.MOST_CONNECTIONS, **more))
    return config
