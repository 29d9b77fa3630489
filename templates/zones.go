package templates

import (
	"sync"
	"time"
)

// zones keeps the time zones it has read: reading one from the system's database costs more than a whole message. Only names that exist
// are kept, so there are never more than a few hundred.
type zones struct{ known sync.Map }

// named gives the zone of an IANA name; nil if there is none.
func (z *zones) named(name string) *time.Location {
	if name == "" {
		return nil
	}
	if zone, ok := z.known.Load(name); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	z.known.Store(name, zone)
	return zone
}

// of is engine.Recipient.Zone: the zone of the recipient's own name, else of its provider's, else UTC.
func (z *zones) of(own, home string) *time.Location {
	if zone := z.named(own); zone != nil {
		return zone
	}
	if zone := z.named(home); zone != nil {
		return zone
	}
	return time.UTC
}
