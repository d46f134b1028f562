# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# nginx.sh - nginx in front of a backend, as people put one there: TLS, basic authentication, client certificates; after
# tests/lib.sh.

for program in nginx openssl; do
	command -v "$program" >/dev/null 2>&1 || PATH=$PATH:/usr/sbin
	need_program "$program"
done

free_port() {
	perl -MIO::Socket::INET -e '
		print IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1)->sockport'
}

# certificate NAME [ISSUER] - NAME.pem and NAME.key; without an issuer one that signs itself, and others.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-addext 'subjectAltName=DNS:localhost' ${2:+-addext 'basicConstraints=critical,CA:FALSE'} \
		${2:+-CA "$2.pem" -CAkey "$2.key"} -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# password FILE USER PASSWORD - a line for auth_basic_user_file. nginx reads it anew for each request.
password() {
	printf '%s:%s\n' "$2" "$(openssl passwd -apr1 "$3")" >"$1"
}

# nginx_config BACKEND - two servers: https://localhost:$basic_port/team/ wants a user of the file `users`,
# https://localhost:$cert_port/ a certificate of ca.pem, and takes no large body.
nginx_config() {
	basic_port=$(free_port)
	cert_port=$(free_port)
	cat >nginx.conf <<-CONF
		daemon off;
		master_process off;
		pid $TMP/nginx.pid;
		error_log $TMP/nginx.log warn;
		events { worker_connections 64; }
		http {
			access_log $TMP/access.log;
			client_body_temp_path $TMP/nginx.body;
			proxy_temp_path $TMP/nginx.proxy;
			fastcgi_temp_path $TMP/nginx.fastcgi;
			uwsgi_temp_path $TMP/nginx.uwsgi;
			scgi_temp_path $TMP/nginx.scgi;
			ssl_certificate $TMP/server.pem;
			ssl_certificate_key $TMP/server.key;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			server {
				listen 127.0.0.1:$basic_port ssl;
				client_max_body_size 64m;
				auth_basic profiles;
				auth_basic_user_file $TMP/users;
				location /team/ { proxy_pass $1/; }
			}
			server {
				listen 127.0.0.1:$cert_port ssl;
				client_max_body_size 1200;
				ssl_client_certificate $TMP/ca.pem;
				ssl_verify_client on;
				location / { proxy_pass $1; }
			}
		}
	CONF
}

# nginx_start BACKEND - with certificates of an authority ca.pem: the server's, and one for a client.
nginx_start() {
	local tries
	[ -s ca.pem ] || { certificate ca && certificate server ca && certificate client ca; } ||
		bail 'openssl makes no certificates'
	for tries in 1 2 3; do # the ports may be gone by then
		nginx_config "$1"
		start nginx -p "$TMP" -e "$TMP/nginx.log" -c "$TMP/nginx.conf"
		# shellcheck disable=SC2034,SC2154 # for the tests; of tests/lib.sh
		nginx_pid=$started
		! wait_for 5 test -s nginx.pid || return 0
	done
	bail "nginx does not start after $tries tries: $(tail -n 3 nginx.log)"
}
