{{- define "names.of" }}{{ .root.Release.Name }}-{{ .name }}{{ end }}
