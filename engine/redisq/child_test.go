package redisq_test

func workAsChild() {}
