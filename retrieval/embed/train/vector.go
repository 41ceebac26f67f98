package train

// addScaled adds w times from to sum; their length is a multiple of 8. The products are rounded before they are added: a
// machine that fuses both would get another table.
func addScaled(sum, from []float32, w float32) {
	for len(sum) >= 8 && len(from) >= 8 {
		s, f := sum[:8:8], from[:8:8]
		s[0] += float32(w * f[0])
		s[1] += float32(w * f[1])
		s[2] += float32(w * f[2])
		s[3] += float32(w * f[3])
		s[4] += float32(w * f[4])
		s[5] += float32(w * f[5])
		s[6] += float32(w * f[6])
		s[7] += float32(w * f[7])
		sum, from = sum[8:], from[8:]
	}
}

// dot is the inner product, added up in eight lanes.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= 8 && len(b) >= 8 {
		x, y := a[:8:8], b[:8:8]
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
		s4 += float32(x[4] * y[4])
		s5 += float32(x[5] * y[5])
		s6 += float32(x[6] * y[6])
		s7 += float32(x[7] * y[7])
		a, b = a[8:], b[8:]
	}
	return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
}

func scale(x []float32, w float32) {
	for i := range x {
		x[i] *= w
	}
}
