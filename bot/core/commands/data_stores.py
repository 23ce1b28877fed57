"""Which names stand for something that holds data, so that restarting or changing it is no bounded matter.

Names are all there is to go by before anything is resolved. It must not know what is done to them.
"""

import re

_NAME = re.compile(
    r"(?<![a-z])(postgres|postgresql|pg|mysql|mysqld|mariadb|mongo|mongodb|mongod|redis|redis-server|valkey|kafka|"
    r"zookeeper|etcd|cassandra|scylla|elasticsearch|elastic|opensearch|rabbitmq|rabbitmq-server|nats|clickhouse|influxdb|"
    r"vault|minio|cockroach|cockroachdb|database|db|ceph|couchdb|neo4j|consul|prometheus-db)(?![a-z])"
)


def is_named(text: str) -> bool:
    return _NAME.search(text.lower()) is not None
