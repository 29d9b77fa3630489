package redistest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
)

// Cluster is a Redis Cluster of three masters without replicas.
type Cluster struct {
	Masters []*Server
}

// slots is how many slots a cluster has.
const slots = 16384

// StartCluster starts a cluster, with further configuration for each of its servers, waits until it serves, and ends it with the test. A master
// may be killed and started again.
func StartCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{}
	for range 3 {
		_, bus, _ := net.SplitHostPort(freeAddress(t)) // by default it would be among the ports the kernel gives away
		s := prepare(t, append([]string{"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "5000"}, args...)...)
		s.Start()
		c.Masters = append(c.Masters, s)
		first := c.Masters[0]
		share, n := slots/3+1, len(c.Masters)
		for _, command := range []string{
			fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", (n-1)*share, min(n*share, slots)-1),
			fmt.Sprintf("CLUSTER MEET 127.0.0.1 %s %s", first.port(), first.busPort()),
		} {
			if _, err := s.ask(t.Context(), command); err != nil {
				t.Fatalf("%s: %v", command, err)
			}
		}
	}
	for _, s := range c.Masters {
		if err := s.until(s.clustered); err != nil {
			t.Fatalf("the cluster does not form: %v", err)
		}
	}
	return c
}

// busPort is where the masters talk to each other.
func (s *Server) busPort() string {
	for i, arg := range s.args {
		if arg == "--cluster-port" {
			return s.args[i+1]
		}
	}
	return ""
}

// clustered reports whether a server sees the whole cluster.
func (s *Server) clustered(ctx context.Context) error {
	return s.says(ctx, "CLUSTER INFO", "cluster_state:ok", fmt.Sprintf("cluster_slots_ok:%d", slots), "cluster_known_nodes:3")
}

// URL is where the cluster is found.
func (c *Cluster) URL() string {
	var addrs []string
	for _, s := range c.Masters {
		addrs = append(addrs, s.Addr())
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}
